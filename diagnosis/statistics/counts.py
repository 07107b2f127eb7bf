"""The results of a period: how many by answer, review, day or month, model version and person; and refused uploads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from accounts.models import User
from diagnosis.contract import Prediction
from diagnosis.models import DiagnosisQuerySet, ModelVersion
from diagnosis.review_models import ReviewState
from diagnosis.statistics.figures import Share
from diagnosis.statistics.periods import Bucket, Period
from diagnosis.statistics.review_times import ReviewTimes, review_times
from diagnosis.statistics.scope import counted_refusals, counted_results


@dataclass(frozen=True)
class Counts:
    """How many results gave each answer, and what the newest review says of them. A refused upload has no result."""

    positive: int = 0
    indeterminate: int = 0
    negative: int = 0
    agrees: int = 0
    disagrees: int = 0
    unsure: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        return self.positive + self.indeterminate + self.negative

    @property
    def reviewed(self) -> int:
        return self.agrees + self.disagrees + self.unsure

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
class Report:
    """The figures of one period. `parts` stand in the order of the period's buckets, versions newest first.

    With `hides_days` no day is to be shown: it may hold a single result, whose answer the person must not see yet.
    """

    period: Period
    parts: tuple[Counts, ...]
    total: Counts
    versions: tuple[tuple[ModelVersion, Counts], ...]
    people: tuple[tuple[User, int], ...]
    refusals: tuple[tuple[str, int], ...]
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
    """So many results of one part of the period that are alike."""

    bucket: int
    version: int
    prediction: str
    review: str
    results: int


_RefusedGroup = tuple[int, str, int]  # bucket, reason, uploads


def report(user: User, period: Period) -> Report:
    """Everything about the results of the period that the person may count: six queries, whatever their number."""
    results = counted_results(user).filter(period.holds("created"))
    groups, refused = _groups(results, period), _refused(user, period)
    parts = [
        _counts([group for group in groups if group.bucket == number], [part for part in refused if part[0] == number])
        for number in range(len(period.buckets))
    ]
    return Report(
        period=period,
        parts=tuple(parts),
        total=_counts(groups, refused),
        versions=_by_version(groups),
        people=_by_person(results),
        refusals=_by_reason(refused),
        review_times=review_times(results),
        hides_days=user.reads_blind and period.has_days,
    )


def _groups(results: DiagnosisQuerySet, period: Period) -> list[_Group]:
    """Counted along the index `diagnoses_by_date`, which holds every column named here."""
    keyed = results.annotate(bucket=period.bucket_of("created"))
    rows = keyed.values_list("bucket", "model_version", "prediction", "review_state").annotate(results=Count("pk"))
    return [_Group(*row) for row in rows]


def _refused(user: User, period: Period) -> list[_RefusedGroup]:
    keyed = counted_refusals(user).filter(period.holds("created")).annotate(bucket=period.bucket_of("created"))
    return list(keyed.values_list("bucket", "reason").annotate(uploads=Count("pk")))


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
        refused=sum(uploads for _bucket, _reason, uploads in refused),
    )


def _by_version(groups: list[_Group]) -> tuple[tuple[ModelVersion, Counts], ...]:
    versions = ModelVersion.objects.defer("card").filter(pk__in={group.version for group in groups})
    return tuple((version, _counts(group for group in groups if group.version == version.pk)) for version in versions)


def counted_by(column: str, results: DiagnosisQuerySet) -> Counter[Any]:
    """How many of the results have each value of the column.

    Model versions are told apart too, only to be added up again: for one column alone SQLite would walk the whole index
    of that column, whatever the period, to be spared sorting.
    """
    counted = Counter[Any]()
    for value, _version, number in results.values_list(column, "model_version").annotate(results=Count("pk")):
        counted[value] += number
    return counted


def _by_person(results: DiagnosisQuerySet) -> tuple[tuple[User, int], ...]:
    """Everybody with a result in the period, by name."""
    counted = counted_by("requested_by", results)
    people = User.objects.filter(pk__in=counted).order_by("first_name", "last_name", "username")
    return tuple((person, counted[person.pk]) for person in people)


def _by_reason(refused: list[_RefusedGroup]) -> tuple[tuple[str, int], ...]:
    """Reasons as codes, the most frequent first."""
    counted = Counter[str]()
    for _bucket, reason, uploads in refused:
        counted[reason] += uploads
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
