"""What tests of figures store with results: outcomes, reviews, own readings. No model and no picture."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts.models import User
from diagnosis.history.recounts import results_changed
from diagnosis.models import Diagnosis, OwnReading, Review, Study
from tests.rows import stored_result

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
POSITIVE, NEGATIVE = "positive", "negative"
CONCLUDED = {"Positive": "likely", "Negative": "unlikely", "Indeterminate": "unsure"}


def set_outcome(diagnosis: Diagnosis, outcome: str, *, sampled: date | None = None) -> None:
    """The columns of a study after an outcome has been entered."""
    Study.objects.filter(pk=diagnosis.study_id).update(outcome=outcome, outcome_date=sampled)
    Diagnosis.objects.filter(study=diagnosis.study_id).update(outcome=outcome)
    results_changed(diagnosis.study)


def checked_result(
    user: User, outcome: str, prediction: str, *, sampled: date | None = None, **values: Any
) -> Diagnosis:
    """A result with a known RT-PCR."""
    diagnosis = stored_result(user, prediction=prediction, **values)
    set_outcome(diagnosis, outcome, sampled=sampled)
    return diagnosis


def reviewed(diagnosis: Diagnosis, user: User, verdict: str, *, after: timedelta = timedelta(minutes=1)) -> Review:
    """Review a result so long after the model answered."""
    review = Review.objects.create(
        diagnosis=diagnosis, reviewer=user, verdict=verdict, created=diagnosis.created + after
    )
    Diagnosis.objects.filter(pk=diagnosis.pk).update(review_state=verdict)
    results_changed(diagnosis.study)
    return review


def read_blind(diagnosis: Diagnosis, user: User, answer: str, *, at: datetime = NOW) -> OwnReading:
    reading = OwnReading.objects.create(study=diagnosis.study, reader=user, conclusion=CONCLUDED[answer], created=at)
    results_changed(diagnosis.study)
    return reading


def voided(diagnosis: Diagnosis) -> None:
    """The columns of a study and its results after it has been voided."""
    Study.objects.filter(pk=diagnosis.study_id).update(voided=NOW)
    Diagnosis.objects.filter(study=diagnosis.study_id).update(standing="voided")
    results_changed(diagnosis.study)
