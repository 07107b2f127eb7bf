"""The cache of statistics: days are counted when somebody asks, kept, and counted again after a change (0096).

The order makes it safe without a lock: changes are summed first, results counted after, and the figures kept with that
sum. A change that comes in between is counted too early, and then once more; never too late.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Sum

from accounts.models import User
from diagnosis.history.recounts import utc_day
from diagnosis.models import DayFigures, DiagnosisQuerySet, ResultChange
from diagnosis.statistics.periods import Period, Span, Timed, days_of
from diagnosis.statistics.scope import counted_results, counts_own_only, counts_read_only, results_of

logger = logging.getLogger(__name__)

Figures = dict[str, Any]
Count = Callable[[DiagnosisQuerySet, Sequence[Timed]], list[Figures]]
"""Counts results by spans of time: for each span figures that JSON can hold and that can be added up."""


def figures_by_part(user: User, period: Period, kind: DayFigures.Kind, count: Count) -> list[list[Figures]]:
    """What `count` says of the results that the person may count: for each part of the period, of each of its days.

    Those of an institution are kept. Of a person who counts the own results only, or those that they have read, whole
    parts are counted each time.
    """
    results = counted_results(user)
    if counts_own_only(user) or counts_read_only(user):
        return [[figures] for figures in count(results, period.buckets)]
    return _by_day(results, user.institution_id, [days_of(part) for part in period.buckets], kind, count)


def figures_of_institution(institution: int, part: Timed, kind: DayFigures.Kind, count: Count) -> list[Figures]:
    """The same of one stretch of time, by its days, for the site itself and no person."""
    return _by_day(results_of(institution), institution, [days_of(part)], kind, count)[0]


def _by_day(
    results: DiagnosisQuerySet, institution: int, parts: list[tuple[Span, ...]], kind: DayFigures.Kind, count: Count
) -> list[list[Figures]]:
    days = [day for part in parts for day in part]
    figures = _kept(institution, kind, days)
    figures |= _counted_anew(results, institution, kind, count, [day for day in days if day not in figures])
    return [[figures[day] for day in part] for part in parts]


def _kept(institution: int, kind: DayFigures.Kind, days: list[Span]) -> dict[Span, Figures]:
    """The cached figures of the days without a change since they were counted."""
    changes = _changes(institution, days)
    rows = DayFigures.objects.filter(institution=institution, kind=kind, start__in=[day.start for day in days])
    found = {Span(row.start, row.end): row for row in rows}
    return {day: found[day].figures for day in days if day in found and found[day].changes == changes[day]}


def _changes(institution: int, days: list[Span]) -> dict[Span, int]:
    """How often something changed on each day: on the days in UTC that it overlaps."""
    first, last = utc_day(days[0].start), utc_day(days[-1].end)
    rows = ResultChange.objects.filter(institution=institution, day__range=(first, last))
    counted = Counter[date](dict(rows.values_list("day").annotate(Sum("number")).order_by()))
    return {day: sum(counted[utc] for utc in {utc_day(day.start), utc_day(_last_moment(day))}) for day in days}


def _last_moment(day: Span) -> datetime:
    return day.end - timedelta(microseconds=1)


def _counted_anew(
    results: DiagnosisQuerySet, institution: int, kind: DayFigures.Kind, count: Count, days: list[Span]
) -> dict[Span, Figures]:
    """Month by month, because a database looks for the day of a row by trying one after the other."""
    figures: dict[Span, Figures] = {}
    for _month, some in groupby(days, key=lambda day: (day.start + (day.end - day.start) / 2).strftime("%Y-%m")):
        spans = list(some)
        changes = _changes(institution, spans)
        counted = dict(zip(spans, count(results, spans), strict=True))
        _keep(
            [
                DayFigures(
                    institution_id=institution,
                    kind=kind,
                    start=day.start,
                    end=day.end,
                    changes=changes[day],
                    figures=figures,
                )
                for day, figures in counted.items()
            ]
        )
        figures |= counted
    return figures


def _keep(rows: list[DayFigures]) -> None:
    """Instead of what was kept of these days. Where that fails, the figures are right all the same, and not kept."""
    kept = DayFigures.objects.filter(institution=rows[0].institution_id, kind=rows[0].kind)
    try:
        with transaction.atomic():
            kept.filter(start__in=[row.start for row in rows]).filter(end__in=[row.end for row in rows]).delete()
            DayFigures.objects.bulk_create(rows, ignore_conflicts=True)
    except DatabaseError:
        logger.warning("the figures of %d days could not be kept", len(rows), exc_info=True)
