"""The results of a period: how many by answer, review, day or month, model version and person; and refused uploads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from django.db.models import Count

from accounts.models import User
from diagnosis.findings import Appearance, Prediction
from diagnosis.models import DayFigures, DiagnosisQuerySet, ModelVersion, ReviewState
from diagnosis.statistics.kept_days import Figures, figures_by_part
from diagnosis.statistics.packing import packed, unpacked
from diagnosis.statistics.periods import Bucket, Period, Timed, number_of_span, rows_within
from diagnosis.statistics.review_times import WAITED, ReviewTimes, minutes_waited
from diagnosis.statistics.scope import counted_refusals, counted_unanswered
from diagnosis.statistics.shares import Share


@dataclass(frozen=True)
class Counts:
    """How many results gave each answer, and what the newest review says of them. A refused upload has no result."""

    positive: int = 0
    indeterminate: int = 0
    negative: int = 0
    agrees: int = 0
    disagrees: int = 0
    unsure: int = 0
    decided: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        return self.positive + self.indeterminate + self.negative

    @property
    def reviewed(self) -> int:
        return self.agrees + self.disagrees + self.unsure + self.decided

    @property
    def unreviewed(self) -> int:
        return self.answered - self.reviewed

    @property
    def positivity(self) -> Share:
        """Positive answers among all answers, the indeterminate ones included."""
        return Share(self.positive, self.answered)

    @property
    def disagreement(self) -> Share:
        """Answers that the newest review disagrees with, among all that were reviewed."""
        return Share(self.disagrees, self.reviewed)


@dataclass(frozen=True)
class Activity:
    """The figures of one period. `parts` are in the order of the period's buckets, versions newest first.

    With `hides_days` no day is to be shown: it may hold a single result, whose answer the person must not see yet.
    """

    period: Period
    parts: tuple[Counts, ...]
    total: Counts
    versions: tuple[tuple[ModelVersion, Counts], ...]
    people: tuple[tuple[User, int], ...]
    appearances: tuple[tuple[str, int], ...]
    """Results by their most probable appearance; none where no version looked for it."""
    classes: tuple[tuple[str, int], ...]
    """Results of versions with classes of their own, by their most probable class."""
    refusals: tuple[tuple[str, int], ...]
    stored_unanswered: int
    """Of the refused ones: stored without an answer."""
    review_times: ReviewTimes
    hides_days: bool

    @property
    def shown_parts(self) -> list[tuple[Bucket, Counts]]:
        """The parts that have begun; none where they are not to be shown."""
        parts = zip(self.period.buckets, self.parts, strict=True)
        return [] if self.hides_days else [(bucket, part) for bucket, part in parts if not bucket.is_future]

    @property
    def is_empty(self) -> bool:
        return self.total.answered + self.total.refused == 0


@dataclass(frozen=True)
class _Group:
    """A number of results that are alike."""

    version: int
    prediction: str
    review: str
    results: int


_RefusedGroup = tuple[int, str, int]  # bucket, reason, uploads


def activity_of(user: User, period: Period) -> Activity:
    """Everything about the results of the period that the person may count."""
    parts = figures_by_part(user, period, DayFigures.Kind.REPORT, count_results)
    days = [day for part in parts for day in part]
    groups, refused = [_groups(part) for part in parts], _refused(user, period)
    together = list(chain.from_iterable(groups))
    return Activity(
        period=period,
        parts=tuple(
            _counts(found, [group for group in refused if group[0] == number]) for number, found in enumerate(groups)
        ),
        total=_counts(together, refused),
        versions=_by_version(together),
        people=_by_person(days),
        **_by_appearance(days),
        refusals=_by_reason(refused),
        stored_unanswered=_stored_unanswered(user, period),
        review_times=ReviewTimes.of(unpacked(day["waited"], WAITED) for day in days),
        hides_days=user.reads_blind and period.has_days,
    )


def count_results(results: DiagnosisQuerySet, spans: Sequence[Timed]) -> list[Figures]:
    """For each span: how many are alike, how many each person asked for, and how long they waited for a review.

    Three queries along the index `diagnoses_by_date`, which holds every column named here.
    """
    keyed = results.filter(rows_within(spans, "created")).annotate(span=number_of_span(spans, "created"))
    counted: list[Figures] = [{"alike": [], "people": [], "appearances": []} for _ in spans]
    for span, *group, appearance, number in keyed.values_list("span", *_ALIKE).annotate(results=Count("pk")):
        counted[span]["alike"].append([*group, number])
        if appearance:
            counted[span]["appearances"].append([appearance, number])
    for span, *group in keyed.values_list("span", "requested_by").annotate(results=Count("pk")):
        counted[span]["people"].append(group)
    waited = minutes_waited(keyed, len(spans))
    return [figures | {"waited": packed(minutes)} for figures, minutes in zip(counted, waited, strict=True)]


_ALIKE = ("model_version", "prediction", "review_state", "appearance")


def _groups(part: list[Figures]) -> list[_Group]:
    """The groups of all days of a part, those that are alike added up."""
    counted = Counter[tuple[int, str, str]]()
    for day in part:
        for *alike, results in day["alike"]:
            counted[tuple(alike)] += results
    return [_Group(*alike, results) for alike, results in counted.items()]


def _refused(user: User, period: Period) -> list[_RefusedGroup]:
    refused = counted_refusals(user).filter(rows_within(period.buckets, "created"))
    keyed = refused.annotate(bucket=number_of_span(period.buckets, "created"))
    return list(keyed.values_list("bucket", "reason").annotate(uploads=Count("pk")))


def _stored_unanswered(user: User, period: Period) -> int:
    return counted_unanswered(user).filter(rows_within(period.buckets, "unanswered")).order_by().count()


def _counts(groups: Iterable[_Group], refused: Iterable[_RefusedGroup] = ()) -> Counts:
    counted = {label.value: 0 for label in (*Prediction, *ReviewState)}
    for group in groups:
        counted[group.prediction] += group.results
        counted[group.review] += group.results
    return Counts(
        positive=counted[Prediction.POSITIVE],
        indeterminate=counted[Prediction.INDETERMINATE],
        negative=counted[Prediction.NEGATIVE],
        agrees=counted[ReviewState.AGREES],
        disagrees=counted[ReviewState.DISAGREES],
        unsure=counted[ReviewState.UNSURE],
        decided=counted[ReviewState.DECIDED],
        refused=sum(uploads for _bucket, _reason, uploads in refused),
    )


def _by_version(groups: list[_Group]) -> tuple[tuple[ModelVersion, Counts], ...]:
    versions = ModelVersion.objects.defer("card").filter(pk__in={group.version for group in groups})
    return tuple((version, _counts(group for group in groups if group.version == version.pk)) for version in versions)


def _by_person(days: list[Figures]) -> tuple[tuple[User, int], ...]:
    """Everybody with a result in the period, by name."""
    counted = Counter[int]()
    for day in days:
        counted.update(dict(day["people"]))
    people = User.objects.filter(pk__in=counted).order_by("first_name", "last_name", "username")
    return tuple((person, counted[person.pk]) for person in people)


def _by_appearance(days: list[Figures]) -> dict[str, tuple[tuple[str, int], ...]]:
    """In the order of the words' own scale, and classes apart. Days that were kept before there were any have none."""
    counted = Counter[str]()
    for day in days:
        for name, results in day.get("appearances", ()):
            counted[name] += results
    words = tuple((name.value, counted.pop(name, 0)) for name in Appearance)
    return {
        "appearances": words if any(number for _name, number in words) else (),
        "classes": tuple(sorted(counted.items())),
    }


def _by_reason(refused: list[_RefusedGroup]) -> tuple[tuple[str, int], ...]:
    """Reasons as codes, the most frequent first."""
    counted = Counter[str]()
    for _bucket, reason, uploads in refused:
        counted[reason] += uploads
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
