"""Months and years as a person's calendar has them, cut into the days or months that a page shows.

Every border is a moment computed here. No database is asked to cut a day: MariaDB could only with tables of time zones,
which most installations never load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

FIRST_YEAR = 1970
MONTHS_IN_YEAR = 12


@dataclass(frozen=True, order=True)
class Month:
    year: int
    month: int

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    def plus(self, months: int) -> Month:
        years, month = divmod(self.month - 1 + months, MONTHS_IN_YEAR)
        return Month(self.year + years, month + 1)

    def __str__(self) -> str:
        return date_format(self.first_day, "YEAR_MONTH_FORMAT")


class Timed(Protocol):
    """Something that lasts from a moment up to another, which no longer belongs to it."""

    @property
    def start(self) -> datetime: ...

    @property
    def end(self) -> datetime: ...


@dataclass(frozen=True)
class Span:
    start: datetime
    end: datetime


def rows_within(spans: Sequence[Timed], column: str) -> Q:
    """Rows whose moment is in one of the spans, which are in order and do not overlap."""
    runs: list[Span] = []
    for span in spans:
        if runs and runs[-1].end == span.start:
            runs[-1] = Span(runs[-1].start, span.end)
        else:
            runs.append(Span(span.start, span.end))
    return Q(*(Q(**{f"{column}__gte": run.start, f"{column}__lt": run.end}) for run in runs), _connector=Q.OR)


def number_of_span(spans: Sequence[Timed], column: str) -> Case:
    """For rows within the spans: in which of them, from 0, a moment lies, as an expression of the database."""
    ends = [When(**{f"{column}__lt": span.end}, then=Value(number)) for number, span in enumerate(spans)]
    return Case(*ends[:-1], default=Value(len(ends) - 1), output_field=IntegerField())


@dataclass(frozen=True)
class Bucket:
    """One column of a chart and one row of its table: a day of a month, or a month of a year.

    `slug` names it for programs, `label` for a person, `mark` is the text under a column.
    """

    first_day: date
    start: datetime
    end: datetime
    slug: str
    label: str
    mark: str

    @property
    def is_future(self) -> bool:
        return self.first_day > timezone.localdate()


@dataclass(frozen=True)
class Period:
    """A stretch of time with its parts, in order and without a gap."""

    title: str
    slug: str
    buckets: tuple[Bucket, ...]
    has_days: bool

    @property
    def start(self) -> datetime:
        return self.buckets[0].start

    @property
    def end(self) -> datetime:
        """The first moment that no longer belongs to it."""
        return self.buckets[-1].end

    @property
    def first_day(self) -> date:
        return self.buckets[0].first_day

    @property
    def last_day(self) -> date:
        return self.end.date() - timedelta(days=1)

    @property
    def is_running(self) -> bool:
        return self.start <= timezone.now() < self.end

    @property
    def is_future(self) -> bool:
        return self.buckets[0].is_future


def days_of(part: Timed) -> tuple[Span, ...]:
    """The days of a part of a period, from midnight to midnight where the person is."""
    first, last = timezone.localdate(part.start), timezone.localdate(part.end)
    days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    return tuple(Span(_midnight(day), _midnight(next_)) for day, next_ in pairwise(days))


def this_month() -> Month:
    """The current month in the person's time zone."""
    today = timezone.localdate()
    return Month(today.year, today.month)


def month_period(month: Month) -> Period:
    """A month by its days."""
    end = month.plus(1).first_day
    days = [date.fromordinal(number) for number in range(month.first_day.toordinal(), end.toordinal())]
    buckets = tuple(
        Bucket(first, _midnight(first), _midnight(next_), first.isoformat(), date_format(first, "j M"), str(first.day))
        for first, next_ in pairwise([*days, end])
    )
    return Period(str(month), _slug(month), buckets, has_days=True)


def year_period(year: int) -> Period:
    """A year by its months."""
    return Period(str(year), str(year), _months_from(Month(year, 1)), has_days=False)


def last_twelve_months() -> Period:
    """The current month and the eleven before it."""
    months = _months_from(this_month().plus(1 - MONTHS_IN_YEAR))
    return Period(_("the last twelve months"), "last-12-months", months, has_days=False)


def _months_from(first: Month) -> tuple[Bucket, ...]:
    return tuple(_month_bucket(first.plus(number)) for number in range(MONTHS_IN_YEAR))


def _month_bucket(month: Month) -> Bucket:
    day, end = month.first_day, month.plus(1).first_day
    return Bucket(day, _midnight(day), _midnight(end), _slug(month), str(month), date_format(day, "M"))


def _slug(month: Month) -> str:
    return f"{month.year}-{month.month:02}"


def _midnight(day: date) -> datetime:
    """Midnight in the time zone of the person who asks."""
    return timezone.make_aware(datetime.combine(day, time.min))
