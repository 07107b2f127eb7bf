"""Drift: are the radiographs of the last weeks like those of the first weeks, and like those of the validation?

A new device, another window or other patients change what the model sees before anyone can know that its answers became
worse. Compared are the probabilities, the learned gate's distances and the picture qualities of one model version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import Count, F, IntegerField
from django.db.models.functions import Cast, Floor
from django.utils import timezone

from accounts.models import User
from diagnosis.errors import DiagnosisError
from diagnosis.findings import Prediction, Verdict
from diagnosis.inference.artifacts import read_json
from diagnosis.models import DayFigures, DiagnosisQuerySet, ModelVersion
from diagnosis.statistics.kept_days import Figures, figures_by_part, figures_of_institution
from diagnosis.statistics.periods import Bucket, Period, Span, Timed, number_of_span, rows_within
from diagnosis.statistics.scope import counted_results, results_of
from diagnosis.statistics.stability import Stability, State, by_name, by_tenths

DAYS = 28
_STEPS = {"probability": 100, "gate_distance": 50}
"""Into how many steps a unit is cut when days are counted."""
_QUALITIES = (Verdict.OK.value, Verdict.LIMITED.value)
_ANSWERS = tuple(answer.value for answer in Prediction)
_GOOD_PICTURES = "adult: as it is"
"""What the gate's file calls pictures that nothing was done to."""


class Measure(StrEnum):
    SCORE = "score"
    DISTANCE = "distance"
    QUALITY = "quality"
    ANSWER = "answer"


class Reference(StrEnum):
    FIRST_WEEKS = "first-weeks"
    VALIDATION = "validation"


@dataclass(frozen=True)
class Comparison:
    measure: Measure
    reference: Reference
    stability: Stability


@dataclass(frozen=True)
class Drift:
    """Of one version. `first` and `last` are the weeks compared; `last` is None until the first ones are over."""

    version: ModelVersion
    first: Span
    last: Span | None
    comparisons: tuple[Comparison, ...]

    @property
    def is_much(self) -> bool:
        """Against the first weeks: the validation had other patients from the beginning."""
        own = [one.stability.state for one in self.comparisons if one.reference is Reference.FIRST_WEEKS]
        return State.MUCH in own


def drift_of(user: User) -> Drift | None:
    """Of the results that the person may count; None without any."""

    def counted(span: Span) -> list[Figures]:
        return figures_by_part(user, _period(span), DayFigures.Kind.DRIFT, count_values)[0]

    return _drift(counted_results(user), counted)


def drift_of_institution(institution: int) -> Drift | None:
    """Of all of its results, for the site itself and no person."""

    def counted(span: Span) -> list[Figures]:
        return figures_of_institution(institution, span, DayFigures.Kind.DRIFT, count_values)

    return _drift(results_of(institution), counted)


def _drift(results: DiagnosisQuerySet, counted: Callable[[Span], list[Figures]]) -> Drift | None:
    newest = results.newest_first().values_list("model_version", flat=True).first()
    if newest is None:
        return None
    began = results.answered_by_model(newest).order_by("created").values_list("created", flat=True)[0]
    version, (first, last) = ModelVersion.objects.get(pk=newest), _windows(began)
    if last is None:
        return Drift(version, first, None, ())
    before, now = _values(counted(first), newest), _values(counted(last), newest)
    return Drift(version, first, last, (*_against_first(before, now), *_against_validation(version, now)))


def _windows(began: datetime) -> tuple[Span, Span | None]:
    """The first DAYS days from the first result on, and the last DAYS days as far as they are none of these."""
    start, tomorrow = timezone.localdate(began), timezone.localdate() + timedelta(days=1)
    over = start + timedelta(days=DAYS)
    first = Span(_midnight(start), _midnight(over))
    if over >= tomorrow:
        return first, None
    return first, Span(_midnight(max(over, tomorrow - timedelta(days=DAYS))), _midnight(tomorrow))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _period(span: Span) -> Period:
    return Period("", "", (Bucket(timezone.localdate(span.start), span.start, span.end, "", "", ""),), has_days=False)


def count_values(results: DiagnosisQuerySet, spans: Sequence[Timed]) -> list[Figures]:
    """For each span how many results there are, by version: by step of probability and distance, quality and answer."""
    keyed = results.filter(rows_within(spans, "created")).annotate(span=number_of_span(spans, "created"))
    counted: list[Figures] = [{"probability": [], "gate_distance": [], "alike": []} for _ in spans]
    for column, steps in _STEPS.items():
        there = keyed.exclude(**{column: None}).annotate(step=Cast(Floor(F(column) * steps), IntegerField()))
        for span, *group in there.values_list("span", "model_version", "step").annotate(results=Count("pk")):
            counted[span][column].append(group)
    alike = keyed.values_list("span", "model_version", "quality", "prediction").annotate(results=Count("pk"))
    for span, *group in alike:
        counted[span]["alike"].append(group)
    return counted


@dataclass(frozen=True)
class _Values:
    """Counted values of one version."""

    steps: Mapping[str, Counter[int]]
    qualities: Counter[str]
    answers: Counter[str]


def _values(days: list[Figures], version: int) -> _Values:
    values = _Values({column: Counter() for column in _STEPS}, Counter(), Counter())
    for day in days:
        for column, counter in values.steps.items():
            for model, step, number in day[column]:
                counter[step] += number * (model == version)
        for model, quality, answer, number in day["alike"]:
            values.qualities[quality] += number * (model == version)
            values.answers[answer] += number * (model == version)
    return values


def _against_first(before: _Values, now: _Values) -> list[Comparison]:
    """Distances and qualities only of a version that has a learned gate."""
    found = {
        measure: by_tenths(before.steps[column], now.steps[column], steps=_STEPS[column])
        for measure, column in ((Measure.SCORE, "probability"), (Measure.DISTANCE, "gate_distance"))
    }
    found[Measure.QUALITY] = by_name(_QUALITIES, before.qualities, now.qualities)
    return [
        Comparison(measure, Reference.FIRST_WEEKS, stability)
        for measure, stability in found.items()
        if sum(stability.before) + sum(stability.now)
    ]


def _against_validation(version: ModelVersion, now: _Values) -> list[Comparison]:
    """What the version's own files say of the radiographs that it was judged on."""
    found = [
        Comparison(Measure.ANSWER, Reference.VALIDATION, by_name(_ANSWERS, answers, now.answers))
        for answers in _validated_answers(version.card)
    ]
    if (qualities := _validated_qualities(version.version)) and any(now.qualities[name] for name in _QUALITIES):
        found.append(Comparison(Measure.QUALITY, Reference.VALIDATION, by_name(_QUALITIES, qualities, now.qualities)))
    return found


def _validated_answers(card: Mapping[str, Any]) -> list[Counter[str]]:
    """Of the test part, cases and others together; none where the card has no such table."""
    try:
        table = card["figures"]["parts"]["test"]["table"]
        return [Counter({name: sum(int(one[name.lower()]) for one in table.values()) for name in _ANSWERS})]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _validated_qualities(version: str) -> Counter[str]:
    """Of adults' radiographs as they are, those that the gate refused left out."""
    try:
        judged = read_json(settings.MODELS_DIR / version / "gate.json")["by_kind"][_GOOD_PICTURES]
        pictures, limited = int(judged["pictures"]), float(judged["limited"])
        assessed = pictures * (1 - float(judged["refused"]))
    except (DiagnosisError, KeyError, TypeError, ValueError):
        return Counter()
    return Counter({_QUALITIES[1]: round(limited * pictures), _QUALITIES[0]: round(assessed - limited * pictures)})
