"""From a filter to a page of results, or to all of them: the one place where list, search and export meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from accounts.models import User
from diagnosis.models import Diagnosis, DiagnosisQuerySet, Study
from diagnosis.querysets import NEWEST_FIRST, SEARCHED_KEYS, Order

PAGE_ROWS = 50
EXPORT_CHUNK_ROWS = 1000
FEW_STUDIES = 5000
"""So many studies that a search found are sorted; among more of them the list is walked in its order instead."""


@dataclass(frozen=True)
class ResultFilter:
    """Which results, and in which order. Nothing asked for is every result of the institution, newest first."""

    text: str = ""
    prediction: str = ""
    first_day: date | None = None
    last_day: date | None = None
    radiographer: int | None = None
    model_version: int | None = None
    lowest: float | None = None
    highest: float | None = None
    order: Order = NEWEST_FIRST


_NARROWINGS: dict[str, Callable[[DiagnosisQuerySet, Any], DiagnosisQuerySet]] = {
    "prediction": DiagnosisQuerySet.predicted,
    "first_day": DiagnosisQuerySet.classified_from,
    "last_day": DiagnosisQuerySet.classified_until,
    "radiographer": DiagnosisQuerySet.requested_by_person,
    "model_version": DiagnosisQuerySet.answered_by_model,
    "lowest": DiagnosisQuerySet.with_probability_from,
    "highest": DiagnosisQuerySet.with_probability_to,
}


@dataclass(frozen=True)
class ResultPage:
    """The rows of one page, in order, and whether there are more on either side."""

    rows: list[Diagnosis]
    has_previous: bool
    has_next: bool


def filtered_results(user: User, asked: ResultFilter) -> DiagnosisQuerySet:
    """The results that the person may see and asked for, in that order."""
    results = _searched(user, asked.text) if asked.text else Diagnosis.objects.visible_to(user)
    for name, narrowed in _NARROWINGS.items():
        if (value := getattr(asked, name)) not in (None, ""):
            results = narrowed(results, value)
    return results.in_order(asked.order)


def _searched(user: User, text: str) -> DiagnosisQuerySet:
    """Start from the studies where they are few, from the list where they are many.

    No database here can tell the two apart before it runs the query, and the wrong way round takes seconds. For the
    same reason the few are not narrowed to the institution again: SQLite would take that for the better place to start.
    """
    mine, studies = Study.objects.visible_to(user), set[int]()
    for key in SEARCHED_KEYS:  # one by one, because joined by OR they would make SQLite read the whole table
        studies.update(mine.starting_with(text, key=key).values_list("pk", flat=True)[: FEW_STUDIES + 1])
    if len(studies) <= FEW_STUDIES:
        return Diagnosis.objects.of_studies(studies)
    return Diagnosis.objects.visible_to(user).of_study_starting_with(text)


def first_page(results: DiagnosisQuerySet) -> ResultPage:
    rows = _rows(results)
    return ResultPage(rows[:PAGE_ROWS], has_previous=False, has_next=len(rows) > PAGE_ROWS)


def page_after(results: DiagnosisQuerySet, row: Diagnosis, order: Order) -> ResultPage:
    """The page that follows `row`."""
    rows = _rows(results.following(row, order))
    return ResultPage(rows[:PAGE_ROWS], has_previous=True, has_next=len(rows) > PAGE_ROWS)


def page_before(results: DiagnosisQuerySet, row: Diagnosis, order: Order) -> ResultPage:
    """The page that ends just before `row`; the first page where fewer rows than a page stand before it."""
    rows = _rows(results.following(row, order.reverse))
    if len(rows) <= PAGE_ROWS:
        return first_page(results)
    return ResultPage(rows[:PAGE_ROWS][::-1], has_previous=True, has_next=True)


def _rows(results: DiagnosisQuerySet) -> list[Diagnosis]:
    """One row more than a page. The index alone finds them; only then are the rows themselves read."""
    return _read(results.values_list("pk", flat=True)[: PAGE_ROWS + 1])


def _read(pks: Iterable[int]) -> list[Diagnosis]:
    rows = Diagnosis.objects.with_rows_shown().in_bulk(list(pks))
    return [rows[pk] for pk in pks if pk in rows]


def selected_results(user: User, uuids: Iterable[UUID], order: Order) -> DiagnosisQuerySet:
    """Those of the named results that the person may see."""
    return Diagnosis.objects.visible_to(user).filter(uuid__in=uuids).in_order(order)


def every_row(results: DiagnosisQuerySet, order: Order) -> Iterator[Diagnosis]:
    """All of the results, read piece by piece: neither memory nor an open transaction grows with their number."""
    rows = _read(list(results.values_list("pk", flat=True)[:EXPORT_CHUNK_ROWS]))
    while rows:
        yield from rows
        rows = _read(list(results.following(rows[-1], order).values_list("pk", flat=True)[:EXPORT_CHUNK_ROWS]))
