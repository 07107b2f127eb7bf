"""Where one can go from a page of figures."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from diagnosis.statistics.periods import FIRST_YEAR, Month, this_month


@dataclass(frozen=True)
class Link:
    text: str
    address: str


@dataclass(frozen=True)
class Links:
    """`before` and `after` are the periods next to this one, None where there is none; `file` is the CSV."""

    before: Link | None
    after: Link | None
    others: tuple[Link, ...]
    file: str


def month_links(month: Month) -> Links:
    others = (
        Link(_("Year %(year)d") % {"year": month.year}, reverse("diagnosis:statistics-year", args=[month.year])),
        *([] if month == this_month() else [Link(_("This month"), reverse("diagnosis:statistics"))]),
    )
    return Links(
        _month(month.plus(-1)),
        _month(month.plus(1)),
        others,
        _address("statistics-month-file", month.year, month.month),
    )


def year_links(year: int) -> Links:
    others = (Link(_("This month"), reverse("diagnosis:statistics")),)
    return Links(
        _year("statistics-year", year - 1),
        _year("statistics-year", year + 1),
        others,
        _address("statistics-year-file", year),
    )


def scorecard_links(year: int | None) -> Links:
    """Of a year, or (None) of the last twelve months."""
    current = this_month().year
    if year is None:
        return Links(_year("scorecard-year", current), None, (), _address("scorecard-file"))
    others = (Link(_("Last twelve months"), reverse("diagnosis:scorecard")),)
    before, after = _year("scorecard-year", year - 1), _year("scorecard-year", year + 1)
    return Links(before, after, others, _address("scorecard-year-file", year))


def _month(month: Month) -> Link | None:
    if month.year < FIRST_YEAR or month > this_month():
        return None
    return Link(str(month), _address("statistics-month", month.year, month.month))


def _year(name: str, year: int) -> Link | None:
    if not FIRST_YEAR <= year <= this_month().year:
        return None
    return Link(str(year), _address(name, year))


def _address(name: str, *arguments: int) -> str:
    return reverse(f"diagnosis:{name}", args=arguments)
