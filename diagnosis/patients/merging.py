"""Merging two patients who are one person, and undoing it as long as nothing new was stored.

The studies of the one go to the other, whose data stays as it is. The merged patient's row stays too: its reference
and its name still find the patient (`Patient.current`), so that the next upload under the old reference goes right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Action
from diagnosis.errors import DiagnosisError
from diagnosis.history.recording import patient_record, study_note
from diagnosis.models import Patient, PatientMerge, Report, Study, StudyEvent
from diagnosis.models.locking import Erased, changed_meanwhile, locked_studies
from diagnosis.models.words import patient_words_write

Kind = StudyEvent.Kind
_DATA = ("reference", "name", "birth_date", "sex", "merged_into_id")
_NOTHING_NEW = (Kind.PRINTED,)
"""Events after which a merge can still be undone."""


class MergeRefused(DiagnosisError):
    """These two cannot be merged, or this merge cannot be undone."""


@transaction.atomic
def patients_merge(*, user: User, kept: Patient, merged: Patient, reason: str) -> PatientMerge:
    """Give all studies of `merged` to `kept`. Raises MergeRefused, ChangedMeanwhile and Erased."""
    _refuse_strangers(kept, merged)
    now = _locked_as_seen(kept, merged)
    studies = locked_studies(now[merged.pk])
    locked_studies(now[kept.pk])
    _hand_over(user, studies, now[merged.pk], now[kept.pk], Kind.MERGED, reason)
    Patient.objects.filter(pk=merged.pk).update(merged_into=kept)
    patient_words_write(Patient.objects.filter(pk__in=(kept.pk, merged.pk)))
    merge = PatientMerge.objects.create(
        institution_id=kept.institution_id,
        kept=kept,
        merged=merged,
        actor=user,
        reason=reason,
        studies=[study.pk for study in studies],
        last_event=_last_event(kept),
    )
    _record(Action.PATIENTS_MERGED, user, merge)
    return merge


@transaction.atomic
def merge_undo(*, user: User, merge: PatientMerge) -> None:
    """Give the studies back. Raises MergeRefused where something new was stored since, and Erased."""
    now = _locked(merge.kept_id, merge.merged_id)
    merge = PatientMerge.objects.select_for_update().get(pk=merge.pk)
    locked_studies(now[merge.kept_id])
    if not can_be_undone(merge):
        raise MergeRefused(_("Something was stored since the patients were merged: move the studies one by one."))
    kept, merged = now[merge.kept_id], now[merge.merged_id]
    Patient.objects.filter(pk=merged.pk).update(merged_into=None)
    studies = list(Study.objects.filter(pk__in=merge.studies).order_by("pk"))
    _hand_over(user, studies, kept, merged, Kind.UNMERGED, "")
    PatientMerge.objects.filter(pk=merge.pk).update(undone=timezone.now(), undone_by=user)
    patient_words_write(Patient.objects.filter(pk__in=(kept.pk, merged.pk)))
    _record(Action.PATIENTS_UNMERGED, user, merge)


def can_be_undone(merge: PatientMerge) -> bool:
    """Whether nothing has happened to the studies of both since they were merged."""
    if merge.undone or Patient.objects.get(pk=merge.kept_id).merged_into_id:
        return False
    mine = Study.objects.filter(patient=merge.kept_id)
    if mine.filter(pk__in=merge.studies).count() < len(merge.studies):
        return False
    later = StudyEvent.objects.filter(study__in=mine.values("pk"), pk__gt=merge.last_event)
    return not later.exclude(kind__in=_NOTHING_NEW).exists()


@dataclass(frozen=True)
class Merge:
    """One line of a patient's page."""

    row: PatientMerge
    can_be_undone: bool


def merges_of(patient: Patient) -> list[Merge]:
    """The newest first; those that were undone stay."""
    rows = PatientMerge.objects.filter(kept=patient).select_related("merged", "actor", "undone_by").order_by("-pk")
    return [Merge(row, can_be_undone(row)) for row in rows]


def _refuse_strangers(kept: Patient, merged: Patient) -> None:
    """Two of one institution, and where people keep patients of their own, of one person."""
    same = (kept.institution_id, kept.keeper) == (merged.institution_id, merged.keeper)
    if kept.pk == merged.pk or not same:
        raise MergeRefused(_("These two patients cannot be merged."))


def _locked(*pks: int) -> dict[int, Patient]:
    """In the order of their keys, so that no two who merge wait for each other crosswise. Raises Erased."""
    rows = Patient.objects.select_for_update().filter(pk__in=pks).order_by("pk")
    found = {row.pk: row for row in rows}
    if len(found) < len(set(pks)):
        raise Erased(_("This was erased in the meantime."))
    return found


def _locked_as_seen(*seen: Patient) -> dict[int, Patient]:
    """Raises ChangedMeanwhile where they are no longer what the person compared, and Erased."""
    now = _locked(*(patient.pk for patient in seen))
    for patient in seen:
        if any(getattr(now[patient.pk], name) != getattr(patient, name) for name in _DATA):
            raise changed_meanwhile()
        if patient.merged_into_id:
            raise MergeRefused(_("These two patients cannot be merged."))
    return now


def _hand_over(user: User, studies: list[Study], before: Patient, after: Patient, kind: str, reason: str) -> None:
    Study.objects.filter(pk__in=[study.pk for study in studies]).update(patient=after)
    detail: dict[str, Any] = {"before": before.uuid, "after": after.uuid}
    for study in studies:
        study.patient = after
        Report.objects.of_study(study).outdate()
        study_note(study=study, actor=user, kind=kind, detail=detail | ({"reason": reason} if reason else {}))


def _last_event(patient: Patient) -> int:
    found = StudyEvent.objects.filter(study__patient=patient).aggregate(newest=Max("pk"))
    return found["newest"] or 0


def _record(action: Action, user: User, merge: PatientMerge) -> None:
    patient_record(action, patient=merge.kept, actor=user, merged=merge.merged.uuid, studies=len(merge.studies))
