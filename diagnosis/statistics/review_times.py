"""How long results waited for their first review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from django.db.models import Count, F, OuterRef, Subquery, Value
from django.db.models.functions import Least

from diagnosis.models import DiagnosisQuerySet, Review, ReviewState
from diagnosis.statistics.expressions import WholeMinutes

HOUR, DAY = 60, 24 * 60
# Longer waits are counted together, so that a query never returns more rows than this.
LONGEST_MINUTES = 7 * DAY
WAITED = np.uint16
BAND_ENDS = (HOUR, 4 * HOUR, DAY, 3 * DAY)


@dataclass(frozen=True)
class Band:
    """Reviews given after `start` minutes or more, and before `end` (None: no end)."""

    start: int
    end: int | None
    reviews: int


@dataclass(frozen=True)
class ReviewTimes:
    """How many results had waited this many whole minutes, from short to long; LONGEST_MINUTES means or longer."""

    minutes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, waited: Iterable[npt.NDArray[np.integer]]) -> ReviewTimes:
        """From the minutes of every result, in any order."""
        every = [np.zeros(0, WAITED), *waited]
        minutes, results = np.unique(np.concatenate(every), return_counts=True)
        return cls(tuple(zip(minutes.tolist(), results.tolist(), strict=True)))

    @property
    def reviewed(self) -> int:
        return sum(results for _minutes, results in self.minutes)

    @property
    def median(self) -> int | None:
        return self.quantile(0.5)

    @property
    def ninth_decile(self) -> int | None:
        return self.quantile(0.9)

    @property
    def quantiles(self) -> dict[str, int | None]:
        """Median and ninth decile under names for programs."""
        return {"median": self.median, "ninth_decile": self.ninth_decile}

    def quantile(self, share: float) -> int | None:
        """The shortest wait in whole minutes that at least this share waited no longer than; None without a review."""
        wanted, found = ceil(share * self.reviewed), 0
        for minutes, results in self.minutes:
            found += results
            if found >= wanted:
                return minutes
        return None

    @property
    def bands(self) -> tuple[Band, ...]:
        starts, ends = (0, *BAND_ENDS), (*BAND_ENDS, None)
        return tuple(Band(start, end, self._between(start, end)) for start, end in zip(starts, ends, strict=True))

    def _between(self, start: int, end: int | None) -> int:
        return sum(n for minutes, n in self.minutes if start <= minutes and (end is None or minutes < end))


def minutes_waited(keyed: DiagnosisQuerySet, spans: int) -> list[npt.NDArray[np.uint16]]:
    """From the answer to the first review, for each result that has one, by the `span` that the results are keyed with.

    One query; each row is a number of minutes and how many results waited as long.
    """
    reviewed = keyed.exclude(review_state=ReviewState.UNREVIEWED)
    first = Review.objects.filter(diagnosis=OuterRef("pk")).order_by("created", "pk").values("created")[:1]
    waited = WholeMinutes(F("created"), Subquery(first))
    timed = reviewed.annotate(minutes=Least(waited, Value(LONGEST_MINUTES)))
    counted = np.zeros((spans, LONGEST_MINUTES + 1), np.int64)
    for span, minutes, results in timed.values_list("span", "minutes").annotate(results=Count("pk")):
        if minutes is not None:
            counted[span, max(minutes, 0)] += results
    every = np.arange(LONGEST_MINUTES + 1, dtype=WAITED)
    return [np.repeat(every, row) for row in counted]
