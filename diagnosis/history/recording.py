"""Writes what happened to a study or patient: a line of its history for people, an audit entry, a day to recount.

The history may hold a typed reason and the former value; the audit holds identifiers and codes only, and stays
when a patient is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.models import User
from audit.models import Action
from audit.services import has_listed_lately, record, was_seen_lately
from diagnosis.history.recounts import results_changed
from diagnosis.models import Patient, Report, Study, StudyEvent

_Kind = StudyEvent.Kind
_ACTIONS = {
    _Kind.UPLOADED: Action.STUDY_UPLOADED,
    _Kind.CLASSIFIED: Action.STUDY_CLASSIFIED,
    _Kind.READ: Action.STUDY_READ,
    _Kind.REVIEWED: Action.STUDY_REVIEWED,
    _Kind.OUTCOME: Action.STUDY_OUTCOME,
    _Kind.EDITED: Action.STUDY_EDITED,
    _Kind.MOVED: Action.STUDY_MOVED,
    _Kind.MERGED: Action.STUDY_MOVED,
    _Kind.UNMERGED: Action.STUDY_MOVED,
    _Kind.VOIDED: Action.STUDY_VOIDED,
    _Kind.RESTORED: Action.STUDY_RESTORED,
    _Kind.REPORTED: Action.REPORT_MADE,
    _Kind.PRINTED: Action.REPORT_OPENED,
}
# The part of an event's detail that the audit keeps: nothing that was typed, and no finding.
_KEPT: dict[str, tuple[str, ...]] = {
    _Kind.UPLOADED: ("refusal",),
    _Kind.CLASSIFIED: ("result", "model"),
    _Kind.REVIEWED: ("result", "review", "model"),
    _Kind.EDITED: ("fields",),
    **dict.fromkeys((_Kind.MOVED, _Kind.MERGED, _Kind.UNMERGED), ("before", "after")),
    _Kind.REPORTED: ("report", "deidentified"),
    _Kind.PRINTED: ("report", "deidentified"),
}


# Events that change no figure of the statistics.
_NOT_COUNTED = (_Kind.UPLOADED, _Kind.REPORTED, _Kind.PRINTED)


def study_note(*, study: Study, actor: User, kind: str, detail: Mapping[str, Any] | None = None) -> None:
    """Add a line to the study's history and an entry to the audit, in the transaction that changes the study."""
    detail = detail or {}
    StudyEvent.objects.create(study=study, actor=actor, kind=kind, detail=detail)
    if kind not in _NOT_COUNTED:
        results_changed(study)
    kept = {name: detail[name] for name in _KEPT.get(kind, ()) if name in detail}
    study_record(_ACTIONS[_Kind(kind)], study=study, actor=actor, **kept)


def study_record(action: Action, *, study: Study, actor: User | None, **detail: Any) -> None:
    """Add an entry about a study to the audit."""
    patient = study.patient.uuid if study.patient else None
    record(action, actor=actor, subject=study, patient=patient, detail=detail)


def patient_record(action: Action, *, patient: Patient, actor: User | None, **detail: Any) -> None:
    """Add an entry about a patient to the audit."""
    record(action, actor=actor, subject=patient, patient=patient.uuid, detail=detail)


def list_record(action: Action, *, actor: User, rows: int, asked: Iterable[str] = ()) -> None:
    """A page of a list that was shown: how many rows, and which filters were used. Never for what: it may be a name."""
    record(action, actor=actor, detail={"rows": rows, "asked": sorted(asked)})


def thumbnail_view_record(*, study: Study, actor: User) -> None:
    """A small picture that is asked for without a list."""
    if not has_listed_lately(actor=actor):
        image_view_record(study=study, actor=actor)


def image_view_record(*, study: Study, actor: User) -> None:
    """A picture of a study that is asked for without its page. One with the page, or after another, adds nothing."""
    if not was_seen_lately(actor=actor, subject=study):
        study_record(Action.IMAGE_VIEWED, study=study, actor=actor)


def report_view_record(*, report: Report, actor: User) -> None:
    """A report that is shown, its pages being pictures of one view."""
    if not was_seen_lately(actor=actor, subject=report):
        patient = report.diagnosis.study.patient
        record(Action.REPORT_VIEWED, actor=actor, subject=report, patient=patient.uuid if patient else None)
