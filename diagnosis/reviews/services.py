"""What people add to a study: an own reading, a review of a model's answer, the outcome of an RT-PCR test.

All of it is added and nothing changed. Everything that one person writes waits for the study's row, so that state,
history and reports agree, and a voided study takes nothing more. The same again, as of a double click, adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from diagnosis.errors import DiagnosisError
from diagnosis.history.recording import study_note
from diagnosis.models import Claim, Diagnosis, Outcome, OwnReading, Report, Review, Study, StudyEvent, agreement_of
from diagnosis.models.locking import locked
from diagnosis.reviews.blinding import hidden_studies
from diagnosis.reviews.embargoes import is_embargoed


class AdditionRefused(DiagnosisError):
    """A reading, review or outcome that this study cannot take, or not yet."""


@transaction.atomic
def reading_add(
    *, user: User, study: Study, conclusion: str, findings: Sequence[str] = (), note: str = ""
) -> OwnReading:
    """Store what the person saw before the model's answer was shown to them; there is one of each person and study.

    It is the person's review of each of the study's answers, until they change that.

    Raises AdditionRefused where the person may see the answer already, or the study was voided.
    """
    study = _waited_for(study)
    if given := OwnReading.objects.filter(study=study, reader=user).first():
        return given
    _refuse_embargoed(user, study)
    if not hidden_studies(user, [study.pk]):
        raise AdditionRefused(_("You could already see the model's answer: your own reading has to come before it."))
    said = _Said(user, conclusion, list(findings), note)
    reading = OwnReading.objects.create(
        study=study, reader=user, conclusion=conclusion, findings=said.findings, note=note
    )
    _note(study, user, StudyEvent.Kind.READ, {"conclusion": conclusion, "findings": said.findings})
    for diagnosis in study.diagnoses.order_by("pk").select_related("model_version").defer("heat_map", "opacity_map"):
        _review(study, diagnosis, said, is_blind=True)
    return reading


@transaction.atomic
def review_add(
    *, user: User, diagnosis: Diagnosis, conclusion: str, findings: Sequence[str] = (), reason: str = ""
) -> Review:
    """Store what the person concludes; whether that agrees with the model's answer follows. The newest review counts.

    Raises AdditionRefused where the person has not read the study yet, or the study was voided.
    """
    study = _waited_for(diagnosis.study)
    _refuse_unread(user, study)
    newest = Review.objects.filter(diagnosis=diagnosis).order_by("-pk").first()
    said = _Said(user, conclusion, list(findings), reason)
    if newest and _Said.of(newest) == said:
        return newest
    return _review(study, diagnosis, said)


@dataclass(frozen=True)
class _Said:
    """What one person concludes, of which finding and with which words."""

    person: User
    conclusion: str
    findings: list[str]
    words: str

    @classmethod
    def of(cls, review: Review) -> _Said:
        return cls(review.reviewer, review.conclusion, review.findings, review.reason)


def _review(study: Study, diagnosis: Diagnosis, said: _Said, *, is_blind: bool = False) -> Review:
    verdict = agreement_of(diagnosis.prediction, said.conclusion)
    values: dict[str, Any] = {"conclusion": said.conclusion, "findings": said.findings, "reason": said.words}
    review = Review.objects.create(
        diagnosis=diagnosis, reviewer=said.person, verdict=verdict, is_blind=is_blind, **values
    )
    Claim.objects.filter(study=study, reader=said.person).delete()
    Diagnosis.objects.filter(pk=diagnosis.pk).update(review_state=verdict, conclusion=said.conclusion)
    detail = {"review": str(review.uuid), "result": str(diagnosis.uuid), "model": diagnosis.model_version.version}
    _note(study, said.person, StudyEvent.Kind.REVIEWED, detail | {"verdict": verdict.value} | values)
    return review


@transaction.atomic
def outcome_add(*, user: User, study: Study, result: str, sampled: date | None) -> None:
    """Store how the patient's RT-PCR test came out and when the sample was taken; an empty result takes it back.

    Raises AdditionRefused where the person has not read the study yet, or the study was voided.
    """
    study = _waited_for(study)
    _refuse_unread(user, study)
    if not result:
        sampled = None
    if (study.outcome, study.outcome_date) == (result, sampled):
        return
    Outcome.objects.create(study=study, entered_by=user, result=result, sampled=sampled)
    Study.objects.filter(pk=study.pk).update(outcome=result, outcome_date=sampled)
    study.diagnoses.update(outcome=result)
    _note(study, user, StudyEvent.Kind.OUTCOME, {"result": result, "sampled": sampled and sampled.isoformat()})


def _waited_for(study: Study) -> Study:
    """The study as it is now; no one else changes it until the transaction ends. Raises Erased."""
    now = locked(study)
    if now.voided:
        raise AdditionRefused(_("This study was voided: nothing can be added to it. Restore it first."))
    return now


def _refuse_embargoed(user: User, study: Study) -> None:
    if is_embargoed(user, study.pk):
        raise AdditionRefused(
            _("You take part in a reader study with this radiograph: read it there before you add anything here.")
        )


def _refuse_unread(user: User, study: Study) -> None:
    _refuse_embargoed(user, study)
    if hidden_studies(user, [study.pk]):
        raise AdditionRefused(_("Give your own reading first: you have chosen to read blind."))


def _note(study: Study, user: User, kind: StudyEvent.Kind, detail: Mapping[str, object]) -> None:
    Report.objects.of_study(study).outdate()
    study_note(study=study, actor=user, kind=kind, detail=detail)
