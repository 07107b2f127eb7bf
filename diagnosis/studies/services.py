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

Kind = StudyEvent.Kind


@transaction.atomic
def study_edit(*, user: User, study: Study, changes: dict[str, Any]) -> None:
    """Change the study's date, projection or notes. The event keeps the former values, except notes."""
    if not changes:
        return
    row = _locked(study)
    before = {name: getattr(row, name) for name in changes if name != "notes"}
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
    _note(row, user, Kind.EDITED, fields=sorted(changes), before=before)


@transaction.atomic
def study_move(*, user: User, study: Study, patient: Patient, reason: str) -> bool:
    """Move the study to another patient of the institution; False where it already belongs to that patient."""
    row = _locked(study)
    if row.patient_id == patient.pk:
        return False
    before = row.patient.uuid if row.patient else None
    row.patient = patient
    row.save()
    _note(row, user, Kind.MOVED, before=before, after=patient.uuid, reason=reason)
    return True


@transaction.atomic
def study_void(*, user: User, study: Study, reason: str) -> bool:
    """Take the study and its answers out of every list and count; False where it is voided already."""
    row = _locked(study)
    if row.voided:
        return False
    row.voided, row.voided_by, row.void_reason = timezone.now(), user, reason
    row.save()
    row.diagnoses.update(standing=Standing.VOIDED)
    _note(row, user, Kind.VOIDED, reason=reason)
    return True


@transaction.atomic
def study_restore(*, user: User, study: Study, reason: str) -> bool:
    """Restore a voided study; False where it is not voided."""
    row = _locked(study)
    if not row.voided:
        return False
    row.voided, row.voided_by, row.void_reason = None, None, ""
    row.save()
    row.diagnoses.update(standing=Standing.KEPT)
    _note(row, user, Kind.RESTORED, reason=reason)
    return True


def _locked(study: Study) -> Study:
    """The study as it is now; of two changes at the same moment the second waits here."""
    return Study.objects.select_for_update().get(pk=study.pk)


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
    return Move(event, former, list(before.filter(erased=None).order_by("pk")))
