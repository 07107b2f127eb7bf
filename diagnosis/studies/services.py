"""What may be changed about a stored study: its details, its patient, and whether it counts. Each leaves an event.

The radiograph and the answers never change, and nothing disappears: a voided study only leaves the lists. Reports made
before a change are out of date from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from diagnosis.history.recording import study_note
from diagnosis.models import Patient, Report, Standing, Study, StudyEvent
from diagnosis.models.locking import changed_meanwhile, locked, locked_as_seen

Kind = StudyEvent.Kind
_DETAILS = ("study_date", "projection", "notes")
_VOIDED = ("voided", "voided_by", "void_reason")


@transaction.atomic
def study_edit(*, user: User, study: Study, changes: dict[str, Any]) -> None:
    """Change the study's date, projection or notes. The event keeps what was there before, except notes.

    Raises ChangedMeanwhile where they are no longer those of `study`, and Erased.
    """
    if not changes:
        return
    row = locked_as_seen(study, _DETAILS)
    before = {name: getattr(row, name) for name in changes if name != "notes"}
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes, *(["notes_key"] if "notes" in changes else [])])
    _note(row, user, Kind.EDITED, fields=sorted(changes), before=before)


@transaction.atomic
def study_move(*, user: User, study: Study, patient: Patient, reason: str) -> bool:
    """Give the study to another patient of the institution; False where it is that patient's already.

    Raises ChangedMeanwhile where it is no longer with the patient of `study`, and Erased.
    """
    patient = locked(patient)
    if patient.merged_into_id:
        raise changed_meanwhile()
    row = locked(study)
    if row.patient_id == patient.pk:
        return False
    if row.patient_id != study.patient_id:
        raise changed_meanwhile()
    before = row.patient.uuid if row.patient else None
    row.patient = patient
    row.save(update_fields=["patient"])
    _note(row, user, Kind.MOVED, before=before, after=patient.uuid, reason=reason)
    return True


@transaction.atomic
def study_void(*, user: User, study: Study, reason: str) -> bool:
    """Take the study and its answers out of every list and count; False where it is voided already."""
    row = locked(study)
    if row.voided:
        return False
    row.voided, row.voided_by, row.void_reason = timezone.now(), user, reason
    row.save(update_fields=_VOIDED)
    row.diagnoses.update(standing=Standing.VOIDED)
    _note(row, user, Kind.VOIDED, reason=reason)
    return True


@transaction.atomic
def study_restore(*, user: User, study: Study, reason: str) -> bool:
    """Let a voided study count again; False where it does already."""
    row = locked(study)
    if not row.voided:
        return False
    row.voided, row.voided_by, row.void_reason = None, None, ""
    row.save(update_fields=_VOIDED)
    row.diagnoses.update(standing=Standing.KEPT)
    _note(row, user, Kind.RESTORED, reason=reason)
    return True


def _note(study: Study, user: User, kind: str, **detail: object) -> None:
    Report.objects.of_study(study).outdate()
    study_note(study=study, actor=user, kind=kind, detail=detail)


# --- What a reader of the study has to be told ------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """The last time that a study was given to another patient, and the reports that name the one before."""

    event: StudyEvent
    former: Patient | None
    reports: list[Report]


def last_move(study: Study) -> Move | None:
    """None where the study is and always was with the patient of its upload."""
    event = study.events.filter(kind=Kind.MOVED).select_related("actor").order_by("pk").last()
    if event is None:
        return None
    former = Patient.objects.filter(institution=study.institution_id, uuid=event.detail["before"]).first()
    before = Report.objects.filter(diagnosis__study=study, created__lte=event.created, is_deidentified=False)
    return Move(event, former, list(before.order_by("pk")))
