"""The live scorecard: the model's answers, and people's own readings, against RT-PCR results that were entered since.

COVID is the positive class. An indeterminate answer counts as wrong, for sensitivity and for specificity. A figure of
fewer than FEWEST_CASES radiographs is not given. A radiograph counts once, with the first answer about it; under a
model version it counts with that version's answer. A voided study does not count, nor one whose sample was taken
more than WINDOW_DAYS days before or after it, where both days are known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from django.db.models import Case, Count, Exists, F, FloatField, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.expressions import NegatedExpression

from accounts.models import User
from diagnosis.estimates import ECE_BINS, Estimate
from diagnosis.findings import Prediction
from diagnosis.models import (
    Conclusion,
    DayFigures,
    Diagnosis,
    DiagnosisQuerySet,
    ModelVersion,
    OperatingPoint,
    Outcome,
    OwnReading,
)
from diagnosis.statistics.expressions import DaysApart
from diagnosis.statistics.kept_days import Figures, figures_by_part
from diagnosis.statistics.packing import packed, unpacked
from diagnosis.statistics.periods import Period, Timed, number_of_span, rows_within
from diagnosis.statistics.shares import Share, mean_of

FEWEST_CASES = 10
WINDOW_DAYS = 14


@dataclass(frozen=True)
class Called:
    """What the radiographs with one outcome were called."""

    positive: int = 0
    indeterminate: int = 0
    negative: int = 0

    @property
    def radiographs(self) -> int:
        return self.positive + self.indeterminate + self.negative


@dataclass(frozen=True)
class Answers:
    """Answers against outcomes: `covid` are those with a positive RT-PCR, `non_covid` those with a negative one."""

    covid: Called
    non_covid: Called

    @property
    def radiographs(self) -> int:
        return self.covid.radiographs + self.non_covid.radiographs

    @property
    def indeterminate(self) -> int:
        return self.covid.indeterminate + self.non_covid.indeterminate

    @property
    def sensitivity(self) -> Estimate | None:
        """Called Positive among those with a positive RT-PCR; None where there are too few."""
        return _estimate_of(self.covid.positive, self.covid.radiographs)

    @property
    def specificity(self) -> Estimate | None:
        """Called Negative among those with a negative RT-PCR; None where there are too few."""
        return _estimate_of(self.non_covid.negative, self.non_covid.radiographs)


@dataclass(frozen=True)
class CalibrationCheck:
    """Probabilities of COVID against outcomes. Sums of squares and fourth powers are of probability minus truth."""

    radiographs: int
    covid: int
    probabilities: float
    squares: float
    fourth_powers: float

    @property
    def expected(self) -> float | None:
        """The mean probability; None where there are too few."""
        return None if self.radiographs < FEWEST_CASES else self.probabilities / self.radiographs

    @property
    def observed(self) -> Estimate | None:
        """The share with a positive RT-PCR."""
        return _estimate_of(self.covid, self.radiographs)

    @property
    def brier(self) -> Estimate | None:
        """Mean squared difference of probability and truth (Brier 1950): 0 is best, and 0.25 is a coin's."""
        if self.radiographs < FEWEST_CASES:
            return None
        return mean_of(number=self.radiographs, total=self.squares, total_of_squares=self.fourth_powers)


@dataclass(frozen=True)
class Score:
    """One line of the scorecard."""

    answers: Answers
    calibration: CalibrationCheck


@dataclass(frozen=True)
class Comparison:
    """The first own reading of each radiograph that was read blind, and the first answer about the same radiographs."""

    readings: Answers
    answers: Answers


@dataclass(frozen=True)
class Scorecard:
    """The scores of one period. `parts` are in the order of its buckets, `bins` of rising probability (tenths).

    `points` are the choices of an operating point of its own that the installation made for these versions until the
    end of the period, the oldest first.
    """

    period: Period
    total: Score
    parts: tuple[Score, ...]
    versions: tuple[tuple[ModelVersion, Score], ...]
    points: tuple[OperatingPoint, ...]
    bins: tuple[CalibrationCheck, ...]
    comparison: Comparison
    known: dict[Prediction, Share]
    out_of_window: int
    patients: int

    @property
    def is_empty(self) -> bool:
        return self.total.answers.radiographs == 0


@dataclass(frozen=True)
class _Group:
    """Answers that are alike: of one part, version, outcome, label and tenth of probability."""

    part: int
    version: int
    is_first: bool
    is_covid: bool
    prediction: str
    tenth: int
    radiographs: int
    probabilities: float
    squares: float
    fourth_powers: float


def scorecard(user: User, period: Period) -> Scorecard:
    """The answers of the period against the outcomes known so far."""
    parts = figures_by_part(user, period, DayFigures.Kind.SCORECARD, count_checked)
    days = [day for part in parts for day in part]
    groups = [group for number, part in enumerate(parts) for group in _groups(number, part)]
    first, versions = [group for group in groups if group.is_first], _by_version(groups)
    patients = [unpacked(day["patients"], PATIENT) for day in days]
    return Scorecard(
        period=period,
        total=_score(first),
        parts=tuple(_score(group for group in first if group.part == number) for number in range(len(parts))),
        versions=versions,
        points=_points([version for version, _score in versions], period),
        bins=tuple(_calibration([group for group in first if group.tenth == tenth]) for tenth in range(ECE_BINS)),
        comparison=_comparison([group for day in days for group in day["readings"]]),
        known=_known(days, groups),
        out_of_window=sum(day["out_of_window"] for day in days),
        patients=len(np.unique(np.concatenate([np.zeros(0, PATIENT), *patients]))),
    )


def _groups(number: int, part: list[Figures]) -> list[_Group]:
    """The groups of all days of a part, those that are alike added up."""
    sums: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0, 0, 0, 0])
    for day in part:
        for *alike, radiographs, probabilities, squares, fourth_powers in day["alike"]:
            total = sums[tuple(alike)]
            total[0] += radiographs
            total[1] += probabilities
            total[2] += squares
            total[3] += fourth_powers
    return [_Group(number, *alike, *total) for alike, total in sums.items()]


def count_checked(results: DiagnosisQuerySet, spans: Sequence[Timed]) -> list[Figures]:
    """For each span: the answers with a known outcome, by all that the scorecard tells apart. Five queries."""
    keyed = results.filter(rows_within(spans, "created")).annotate(span=number_of_span(spans, "created"))
    checked = _with_outcome(keyed)
    counted = checked.filter(_in_window())
    figures: list[Figures] = [
        {"alike": [], "readings": [], "given": [], "out_of_window": 0, "patients": ""} for _ in spans
    ]
    for span, *group in _alike(counted):
        figures[span]["alike"].append(group)
    for span, *group in _readings(counted.filter(_first_answer())):
        figures[span]["readings"].append(group)
    for span, *group in keyed.values_list("span", "prediction").annotate(results=Count("pk")):
        figures[span]["given"].append(group)
    late: Any = checked.filter(_first_answer()).exclude(_in_window())
    for span, radiographs in late.values_list("span").annotate(radiographs=Count("pk")):
        figures[span]["out_of_window"] = radiographs
    for span, patients in _patients(counted).items():
        figures[span]["patients"] = packed(np.array(patients, PATIENT))
    return figures


PATIENT = np.int64


def _patients(counted: DiagnosisQuerySet) -> dict[int, list[int]]:
    """The keys of the patients of each span, each once."""
    known: Any = counted.filter(study__patient__isnull=False)
    found: dict[int, list[int]] = defaultdict(list)
    for span, patient in known.values_list("span", "study__patient").distinct():
        found[span].append(patient)
    return found


def answers_that_count(results: DiagnosisQuerySet) -> DiagnosisQuerySet:
    """First answers about studies that are not voided, with a known outcome near enough to the study."""
    return _with_outcome(results.kept()).filter(_in_window(), _first_answer())


def _with_outcome(results: DiagnosisQuerySet) -> DiagnosisQuerySet:
    apart = DaysApart(F("study__outcome_date"), F("study__study_date"))
    return results.filter(outcome__in=(Outcome.Result.POSITIVE, Outcome.Result.NEGATIVE)).annotate(days_apart=apart)


def _in_window() -> Q:
    return Q(days_apart__isnull=True) | Q(days_apart__lte=WINDOW_DAYS)


def _first_answer() -> NegatedExpression:
    earlier = Diagnosis.objects.filter(study=OuterRef("study"), pk__lt=OuterRef("pk"))
    return ~Exists(earlier)


def _alike(counted: DiagnosisQuerySet) -> Iterable[tuple[Any, ...]]:
    """The span, and then the columns of a `_Group`."""
    is_covid = Q(outcome=Outcome.Result.POSITIVE)
    distance = Case(When(is_covid, then=1 - F("probability")), default=F("probability"), output_field=FloatField())
    keyed = counted.annotate(is_first=_first_answer(), tenth=_tenth(), distance=distance)
    keys = ("span", "model_version", "is_first", "outcome", "prediction", "tenth")
    square = F("distance") * F("distance")
    rows: Any = keyed.values_list(*keys).annotate(
        radiographs=Count("pk"), probabilities=Sum("probability"), squares=Sum(square), fourths=Sum(square * square)
    )
    for span, version, is_first, outcome, *alike in rows:
        yield span, version, bool(is_first), outcome == Outcome.Result.POSITIVE, *alike


def _tenth() -> Case:
    ends = [When(probability__lt=number / ECE_BINS, then=Value(number - 1)) for number in range(1, ECE_BINS)]
    return Case(*ends, default=Value(ECE_BINS - 1), output_field=IntegerField())


def _score(groups: Iterable[_Group]) -> Score:
    alike = list(groups)
    called = [(group.is_covid, group.prediction, group.radiographs) for group in alike]
    return Score(_answers(called), _calibration(alike))


def _answers(called: Iterable[tuple[bool, str, int]]) -> Answers:
    """From tuples (COVID by RT-PCR?, the answer, how many)."""
    counts = Counter[tuple[bool, str]]()
    for is_covid, label, number in called:
        counts[is_covid, label] += number
    covid, non_covid = (Called(*(counts[truth, label] for label in _LABELS)) for truth in (True, False))
    return Answers(covid, non_covid)


_LABELS = (Prediction.POSITIVE, Prediction.INDETERMINATE, Prediction.NEGATIVE)


def _calibration(groups: list[_Group]) -> CalibrationCheck:
    return CalibrationCheck(
        radiographs=sum(group.radiographs for group in groups),
        covid=sum(group.radiographs for group in groups if group.is_covid),
        probabilities=sum(group.probabilities for group in groups),
        squares=sum(group.squares for group in groups),
        fourth_powers=sum(group.fourth_powers for group in groups),
    )


def _by_version(groups: list[_Group]) -> tuple[tuple[ModelVersion, Score], ...]:
    versions = ModelVersion.objects.defer("card").filter(pk__in={group.version for group in groups})
    return tuple((version, _score(group for group in groups if group.version == version.pk)) for version in versions)


def _points(versions: list[ModelVersion], period: Period) -> tuple[OperatingPoint, ...]:
    if not versions:
        return ()
    chosen = OperatingPoint.objects.filter(model_version__in=versions, created__lt=period.end)
    return tuple(chosen.select_related("model_version").defer("model_version__card").order_by("pk"))


def _readings(first: DiagnosisQuerySet) -> Iterable[tuple[Any, ...]]:
    """The span, whether it was COVID, the answer, the first own reading, and how many."""
    own = OwnReading.objects.filter(study=OuterRef("study")).order_by("created", "pk").values("conclusion")[:1]
    read: Any = first.annotate(own=Subquery(own)).filter(own__isnull=False)
    keys = ("span", "outcome", "prediction", "own")
    for span, outcome, answer, conclusion, number in read.values_list(*keys).annotate(radiographs=Count("pk")):
        yield span, outcome == Outcome.Result.POSITIVE, answer, _CONCLUDED[conclusion], number


_CONCLUDED = {
    Conclusion.LIKELY: Prediction.POSITIVE,
    Conclusion.UNLIKELY: Prediction.NEGATIVE,
    Conclusion.UNSURE: Prediction.INDETERMINATE,
}


def _comparison(readings: list[list[Any]]) -> Comparison:
    return Comparison(
        readings=_answers((is_covid, reading, number) for is_covid, _answer, reading, number in readings),
        answers=_answers((is_covid, answer, number) for is_covid, answer, _reading, number in readings),
    )


def _known(days: list[Figures], groups: list[_Group]) -> dict[Prediction, Share]:
    """How many of each answer have an outcome that counts: this shows which answers were followed up."""
    given, checked = Counter[str](), Counter[str]()
    for prediction, number in chain.from_iterable(day["given"] for day in days):
        given[prediction] += number
    for group in groups:
        checked[group.prediction] += group.radiographs
    # Results and outcomes are read one after the other; another one may be stored in between.
    return {label: Share(checked[label], max(given[label], checked[label])) for label in _LABELS}


def _estimate_of(part: int, whole: int) -> Estimate | None:
    return Share(part, whole).estimate if whole >= FEWEST_CASES else None
