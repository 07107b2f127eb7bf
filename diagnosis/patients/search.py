"""Finding patients by the beginning of their reference or name, and the studies of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max

from accounts.models import User
from diagnosis.models import Diagnosis, Patient, Study
from diagnosis.models.fields import search_key
from diagnosis.reviews.blinding import conceal

LISTED = 50
SUGGESTED = 8


@dataclass(frozen=True)
class FoundPatient:
    """A row of the list of patients."""

    patient: Patient
    studies: int
    last_upload: date | None


@dataclass(frozen=True)
class PatientList:
    """The patients found, and whether there are more than are shown."""

    rows: list[FoundPatient]
    has_more: bool


def patients_found(user: User, text: str) -> PatientList:
    """At most LISTED patients: those whose reference or name begins with the text, or the last registered."""
    found = _beginning_with(user, text, LISTED + 1) if search_key(text) else _newest(user, LISTED + 1)
    return PatientList(_with_studies(user, found[:LISTED]), has_more=len(found) > LISTED)


def patients_suggested(user: User, text: str) -> list[Patient]:
    """At most SUGGESTED patients with a reference; none before a letter or digit was typed."""
    if not search_key(text):
        return []
    return [patient for patient in _beginning_with(user, text, 4 * SUGGESTED) if patient.reference][:SUGGESTED]


def _beginning_with(user: User, text: str, most: int) -> list[Patient]:
    """First by reference, then by name; each is one part of an index, read in its order."""
    found: dict[int, Patient] = {}
    for key in ("search_key", "name_key"):
        patients = Patient.objects.visible_to(user).starting_with(text, key=key).order_by(key)
        found |= {patient.pk: patient for patient in patients[:most] if patient.pk not in found}
    return list(found.values())[:most]


def _newest(user: User, most: int) -> list[Patient]:
    return list(Patient.objects.visible_to(user).order_by("-pk")[:most])


def _with_studies(user: User, patients: list[Patient]) -> list[FoundPatient]:
    kept = Study.objects.visible_to(user).filter(patient__in=patients, voided=None).order_by()
    counted = kept.values_list("patient").annotate(number=Count("pk"), last=Max("created"))
    studies = {pk: (number, last) for pk, number, last in counted}
    return [FoundPatient(patient, *studies.get(patient.pk, (0, None))) for patient in patients]


@dataclass(frozen=True)
class PatientStudy:
    """A study on its patient's page, with the answers of every model, the newest first."""

    study: Study
    answers: list[Diagnosis]


@dataclass(frozen=True)
class PatientStudies:
    """The studies of a patient, newest first, and apart from them those that were voided."""

    kept: list[PatientStudy]
    voided: list[PatientStudy]


def studies_of(user: User, patient: Patient) -> PatientStudies:
    """Read in three queries, whatever their number; what a blind reader may not see is taken out."""
    rows = Diagnosis.objects.visible_to(user).filter(study__patient=patient).with_rows_shown().newest_first()
    answers: dict[int, list[Diagnosis]] = {}
    for row in conceal(user, rows):
        answers.setdefault(row.study_id, []).append(row)
    studies = [PatientStudy(group[0].study, group) for group in answers.values()]
    without = Study.objects.visible_to(user).filter(patient=patient, unanswered__isnull=False)
    studies += [PatientStudy(study, []) for study in without]
    studies.sort(key=lambda item: (item.study.day, item.study.created), reverse=True)
    return PatientStudies(
        kept=[item for item in studies if not item.study.voided], voided=[item for item in studies if item.study.voided]
    )
