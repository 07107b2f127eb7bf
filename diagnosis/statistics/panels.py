"""What a page of figures is made of, and how figures are worded. Charts are in `charts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from diagnosis.statistics.charts import Chart, Kind, Mark
from diagnosis.statistics.periods import Bucket, Period

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

LABELLED_DAYS = 5


@dataclass(frozen=True)
class Row:
    """One row of a table; `label` is its heading, and leads to `address` where there is one."""

    label: str
    cells: Sequence[str]
    address: str = ""
    is_total: bool = False


@dataclass(frozen=True)
class Table:
    caption: str
    header: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Panel:
    """One heading of the page and what is under it."""

    slug: str
    title: str
    texts: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class KeyFigure:
    """A number above everything else."""

    label: str
    value: str
    note: str = ""
    address: str = ""


ANSWERS: dict[str, StrPromise] = {
    "positive": gettext_lazy("Positive"),
    "indeterminate": gettext_lazy("Indeterminate"),
    "negative": gettext_lazy("Negative"),
}
REVIEWS: dict[str, StrPromise] = {
    "agrees": gettext_lazy("Agrees"),
    "unsure": gettext_lazy("Cannot tell"),
    "disagrees": gettext_lazy("Disagrees"),
    "decided": gettext_lazy("Decided by the reader"),
    "unreviewed": gettext_lazy("Not reviewed"),
}
FIGURES: dict[str, StrPromise] = {
    "sensitivity": gettext_lazy("Sensitivity"),
    "specificity": gettext_lazy("Specificity"),
}


FILLS = {
    "positive": "dark",
    "indeterminate": "stripes",
    "negative": "light",
    "disagrees": "apart",
    "unsure": "lines",
    "agrees": "agree",
    "decided": "light",
    "unreviewed": "dots",
}
SHAPES = {"sensitivity": "circle", "specificity": "diamond"}


def kinds_of(words: dict[str, StrPromise]) -> list[Kind]:
    return [Kind(slug, str(label), FILLS.get(slug, ""), SHAPES.get(slug, "")) for slug, label in words.items()]


def marks_of(period: Period) -> list[Mark]:
    """The marks below a chart of the period; where there is little room, every fifth day or second month remains."""
    return [Mark(bucket.mark, _is_minor(period, bucket)) for bucket in period.buckets]


def _is_minor(period: Period, bucket: Bucket) -> bool:
    day = bucket.first_day
    return day.day != 1 and day.day % LABELLED_DAYS != 0 if period.has_days else day.month % 2 == 0
