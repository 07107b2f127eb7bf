"""The worklist: unreviewed results in the order in which they should be read, and how long they have waited.

Positive and Indeterminate come first, then the oldest. A person who reads blind gets the oldest first: any other order
would tell answers. The index `review_state_by_created` holds all that is asked here; MOST rows are looked at, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from diagnosis.findings import Prediction
from diagnosis.models import Claim, Diagnosis, DiagnosisQuerySet, ReviewState
from diagnosis.models.ordering import OLDEST_FIRST
from diagnosis.reviews.blinding import without_embargoed
from diagnosis.reviews.embargoes import embargoes_of, has_embargoes
from diagnosis.wording.numbers import number

MOST = 1000
OVERDUE = timedelta(hours=24)
_URGENT = ~Q(prediction=Prediction.NEGATIVE.value)


@dataclass(frozen=True)
class Waiting:
    """Unreviewed results in order, by key, at most MOST of them.

    `urgent` is None for who reads blind; `overdue` are those of `pks` that have waited for longer than OVERDUE.
    """

    pks: tuple[int, ...]
    urgent: int | None = None
    longest: datetime | None = None
    overdue: str = ""
    has_more: bool = False

    @property
    def urgent_number(self) -> str:
        return number(self.urgent)

    @property
    def number(self) -> str:
        return f"{number(MOST)}+" if self.has_more else number(len(self.pks))


def unreviewed(user: User) -> DiagnosisQuerySet:
    return Diagnosis.objects.visible_to(user).kept().reviewed_as(ReviewState.UNREVIEWED).in_order(OLDEST_FIRST)


def waiting(user: User) -> Waiting:
    """Two queries; one for who reads blind."""
    results = unreviewed(user)
    first = [] if user.reads_blind else _found(without_embargoed(user, results.filter(_URGENT)))
    rest = _found(results if user.reads_blind else _others(user, results))
    rows = [*first, *rest]
    has_more, since = len(rows) > MOST, timezone.now() - OVERDUE
    late = sum(created < since for _pk, created in rows[:MOST])
    return Waiting(
        pks=tuple(pk for pk, _created in rows[:MOST]),
        urgent=None if user.reads_blind else min(len(first), MOST),
        longest=min((created for _pk, created in rows), default=None),
        overdue=f"{number(late)}{'+' if has_more else ''}" if late else "",
        has_more=has_more,
    )


def _others(user: User, results: DiagnosisQuerySet) -> DiagnosisQuerySet:
    """Those that are not urgent, and those whose answer a reader study hides from the person."""
    if has_embargoes(user):
        return results.filter(~_URGENT | Q(study__in=embargoes_of(user).values("study")))
    return results.exclude(_URGENT)


def _found(results: DiagnosisQuerySet) -> list[tuple[int, datetime]]:
    return list(results.values_list("pk", "created")[: MOST + 1])


def readers_of(user: User, studies: Iterable[int]) -> dict[int, str]:
    """Which of the studies somebody else is reading, and who. One query."""
    claims = Claim.objects.in_force().filter(study__in=list(studies)).exclude(reader=user).select_related("reader")
    return {claim.study_id: claim.reader.display_name for claim in claims}
