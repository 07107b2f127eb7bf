"""What the list and the page of a reader study say: how many cases of which kind, and how far each reader is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import User
from diagnosis.models import Outcome
from reader_studies.choosing import ENOUGH_OF_EACH
from reader_studies.models import Reader, ReaderStudy
from reader_studies.reading import Place, place_of


@dataclass(frozen=True)
class ListRow:
    study: ReaderStudy
    is_led: bool


@dataclass(frozen=True)
class Progress:
    """A reader, and how many of their readings are given."""

    reader: Reader
    given: int
    total: int


@dataclass(frozen=True)
class Overview:
    """`mine` is the person as a reader, `place` where they are; None for who does not read."""

    is_led: bool
    positive: int
    negative: int
    unknown: int
    progress: tuple[Progress, ...]
    mine: Reader | None
    place: Place | None
    my_progress: Progress | None

    @property
    def cases(self) -> int:
        return self.positive + self.negative + self.unknown

    @property
    def is_small(self) -> bool:
        """Whether the intervals of sensitivity or specificity will be wide."""
        return min(self.positive, self.negative) < ENOUGH_OF_EACH

    @property
    def unfinished(self) -> int:
        return sum(each.given < each.total or not each.total for each in self.progress if not each.reader.left)


def rows_of(user: User) -> list[ListRow]:
    found = ReaderStudy.objects.visible_to(user).select_related("leader")
    return [ListRow(study, study.leader_id == user.pk) for study in found]


def overview_of(user: User, study: ReaderStudy) -> Overview:
    """Who reads sees how far they are; the leader, how far everybody is."""
    counted = Counter(study.cases.values_list("reference", flat=True))
    progress = [Progress(reader, reader.given, reader.total) for reader in _readers(study)]  # type: ignore[attr-defined]
    mine = next((each for each in progress if each.reader.person_id == user.pk), None)
    is_led, is_open = study.leader_id == user.pk, study.state == ReaderStudy.State.OPEN
    reads = mine is not None and is_open and mine.reader.joined and not mine.reader.left
    return Overview(
        is_led=is_led,
        positive=counted[Outcome.Result.POSITIVE],
        negative=counted[Outcome.Result.NEGATIVE],
        unknown=counted[""],
        progress=tuple(progress) if is_led else (),
        mine=mine.reader if mine else None,
        place=place_of(mine.reader) if mine and reads else None,
        my_progress=mine,
    )


def _readers(study: ReaderStudy) -> list[Reader]:
    given = Count("readings", filter=Q(readings__answered__isnull=False))
    rows = study.readers.select_related("person", "reader_study").annotate(given=given, total=Count("readings"))
    return list(rows.order_by("person__first_name", "person__last_name", "person__username"))
