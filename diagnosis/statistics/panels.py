"""What a page of figures is made of, and how figures are worded. Charts stand in `charts`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from diagnosis.model_cards.values import UNDEFINED, decimal, percent, worded
from diagnosis.statistics.charts import Chart, Kind, Mark
from diagnosis.statistics.periods import Bucket, Period
from diagnosis.statistics.shares import Share
from training.evaluation.metrics import Estimate

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

HOUR, DAY = 60, 24 * 60
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
    """One heading of the page and what stands under it."""

    slug: str
    title: str
    texts: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class KeyFigure:
    """A number that stands above everything else."""

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
    "unreviewed": gettext_lazy("Not reviewed"),
}
FIGURES: dict[str, StrPromise] = {
    "sensitivity": gettext_lazy("Sensitivity"),
    "specificity": gettext_lazy("Specificity"),
}
REFUSALS: dict[str, StrPromise] = {
    "unknown-format": gettext_lazy("No JPEG, PNG or DICOM picture"),
    "damaged": gettext_lazy("Damaged or incomplete file"),
    "empty": gettext_lazy("Empty file"),
    "too-large": gettext_lazy("File too large"),
    "too-many-pixels": gettext_lazy("Too many pixels"),
    "many-scans": gettext_lazy("File made to keep a computer busy"),
    "several-pictures": gettext_lazy("Several pictures in one file"),
    "modality": gettext_lazy("Another modality than CR or DX"),
    "body-part": gettext_lazy("Another body part than the chest"),
    "too-small": gettext_lazy("Too few pixels"),
    "strip": gettext_lazy("A strip, no radiograph"),
    "colour": gettext_lazy("A colour picture, no radiograph"),
    "constant": gettext_lazy("Next to no contrast"),
    "noise": gettext_lazy("Noise, no picture"),
    "dicom-elements": gettext_lazy("DICOM file with far more than a radiograph"),
    "dicom-preamble": gettext_lazy("DICOM file that is also a program"),
    "dicom-transfer-syntax": gettext_lazy("DICOM file in a form that is not read"),
    "dicom-object": gettext_lazy("DICOM file with something else than a radiograph"),
    "dicom-no-picture": gettext_lazy("DICOM file without a picture"),
    "dicom-layout": gettext_lazy("DICOM file with an unknown layout of pixels"),
    "dicom-contradiction": gettext_lazy("DICOM file that contradicts itself"),
}


FILLS = {
    "positive": "dark",
    "indeterminate": "stripes",
    "negative": "light",
    "disagrees": "dark",
    "unsure": "stripes",
    "agrees": "light",
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


def number(value: int) -> str:
    return number_format(value, decimal_pos=0, force_grouping=True)


def share_text(share: Share) -> str:
    """A share with its interval, or a dash where there is nothing to take a share of."""
    return estimate_text(share.estimate)


def estimate_text(estimate: Estimate | None) -> str:
    if estimate is None:
        return UNDEFINED
    return worded(percent(estimate.value), decimal(100 * estimate.low, 1), percent(estimate.high))


def duration(minutes: int) -> str:
    """A time in its two largest units."""
    days, rest = divmod(minutes, DAY)
    hours, left = divmod(rest, HOUR)
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": left}
    return ngettext("%(minutes)d minute", "%(minutes)d minutes", left) % {"minutes": left}
