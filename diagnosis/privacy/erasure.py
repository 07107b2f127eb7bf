"""Erasing a patient or a study: everything that says something of the person, for good.

Rows go first, all of them or none; the names of their files are noted in the same transaction and the files deleted
after it, so that what fails then, or a process that is killed, is made up for by the next `purge_expired`. What stays:
the audit's entries, which hold no name; counts of refused uploads; of each report, its verification code and hash.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from audit.models import Action
from audit.services import held_back
from diagnosis.errors import DiagnosisError
from diagnosis.files.erasing import files_erase
from diagnosis.history.recording import patient_record, study_record
from diagnosis.history.recounts import figures_forget
from diagnosis.models import (
    Diagnosis,
    ErasedReport,
    FileToErase,
    Outcome,
    OwnReading,
    Patient,
    PatientMerge,
    Report,
    Review,
    Study,
    StudyEvent,
    UploadRecord,
    UploadRecordQuerySet,
)
from diagnosis.models.locking import locked, locked_studies
from diagnosis.privacy.keepers import KEEPERS

logger = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why something is erased: a code, because a typed sentence in the audit could name the person again."""

    REQUEST = "patient-request"
    RETENTION = "retention"
    MISTAKE = "uploaded-by-mistake"
    ORDER = "legal-order"
    OTHER = "other"


@dataclass(frozen=True)
class Erasure:
    """How much was erased, and how many files could not be deleted yet."""

    studies: int
    reports: int
    files_left: int


class StillStudied(DiagnosisError):
    """The patient was to be erased for having no study, and has one by now."""


def patient_erase(
    *, actor: User | None, patient: Patient, reason: Reason, only_without_studies: bool = False
) -> Erasure:
    """Erase the patient with all studies, results, reviews and reports.

    Raises Erased, StillStudied and what the database raises.
    """
    with transaction.atomic(durable=True), held_back():
        rows = _with_merged(patient)
        studies = [study for row in rows for study in locked_studies(row)]
        if studies and only_without_studies:
            raise StillStudied("the patient has a study again")
        reports = sum(_erase_rows(study) for study in studies)
        for row in rows:
            _erase_refused_uploads(row)
        for keeper in KEEPERS:
            keeper.erase(rows)
        _erase_patients(rows)
        detail = {"reason": reason, "studies": len(studies), "reports": reports}
        patient_record(Action.PATIENT_ERASED, patient=patient, actor=actor, **detail)
    logger.info("patient %s erased with %d studies", patient.uuid, len(studies))
    return Erasure(len(studies), reports, files_erase())


def _with_merged(patient: Patient) -> list[Patient]:
    """The patient and everyone merged into it, or it into: one person. Locked, in the order of their keys, as merging
    locks them. Raises Erased.
    """
    rows = list[Patient]()
    while _keys_of_one(patient) != [row.pk for row in rows]:  # another was merged with it at this moment
        rows = list(Patient.objects.select_for_update().filter(pk__in=_keys_of_one(patient)).order_by("pk"))
    return rows


def _keys_of_one(patient: Patient) -> list[int]:
    known = (Patient.objects.filter(pk=patient.pk).first() or locked(patient)).current
    return sorted(row.pk for row in (known, *known.all_merged()))


def _erase_patients(rows: list[Patient]) -> None:
    pks = [row.pk for row in rows]
    PatientMerge.objects.filter(Q(kept__in=pks) | Q(merged__in=pks)).delete()
    Patient.objects.filter(pk__in=pks).update(merged_into=None)
    Patient.objects.filter(pk__in=pks).delete()


def study_erase(*, actor: User | None, study: Study, reason: Reason) -> Erasure:
    """Erase one study with its results, reviews and reports. Its patient stays. Raises Erased."""
    with transaction.atomic(durable=True), held_back():
        study = locked(study)
        reports = _erase_rows(study)
        study_record(Action.STUDY_ERASED, study=study, actor=actor, reason=reason, reports=reports)
    logger.info("study %s erased", study.uuid)
    return Erasure(1, reports, files_erase())


def _erase_rows(study: Study) -> int:
    """Delete every row of the study, and note its files; the number of its reports."""
    figures_forget(study)
    reports = list(Report.objects.filter(diagnosis__study=study))
    _erase_records(UploadRecord.objects.filter(study=study))
    files = [study.original, study.display, study.thumbnail, study.full, *(report.pdf for report in reports)]
    FileToErase.objects.bulk_create(FileToErase(name=str(file.name)) for file in files if file)
    ErasedReport.objects.bulk_create(ErasedReport(code=report.code, sha256=report.sha256) for report in reports)
    ours = Report.objects.filter(pk__in=[report.pk for report in reports])
    ours.update(superseded_by=None)
    ours.delete()
    Review.objects.filter(diagnosis__study=study).delete()
    for rows in (Diagnosis, OwnReading, Outcome, StudyEvent):
        rows.objects.filter(study=study).delete()
    Study.objects.filter(pk=study.pk).delete()
    return len(reports)


def _erase_refused_uploads(patient: Patient) -> None:
    """Lines of the upload history that name the patient by the reference: of files that became no study."""
    if patient.reference_key:
        of_patient = UploadRecord.objects.filter(institution=patient.institution_id)
        _erase_records(of_patient.filter(reference_key=patient.reference_key))


def _erase_records(records: UploadRecordQuerySet) -> None:
    FileToErase.objects.bulk_create(FileToErase(name=name) for name in records.held().values_list("held", flat=True))
    records.delete()
