"""What the page of a model is made of: sections, with texts, facts, tables, plots and the scale of the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """The first cell of each row is its heading."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Plot:
    """An SVG of the version's folder; `description` says what it shows to whom cannot see it."""

    name: str
    title: str
    description: str

    @property
    def is_wide(self) -> bool:
        """Whether it has its parts side by side."""
        return self.name in ("confusion", "calibration")


@dataclass(frozen=True)
class Section:
    """One heading of the page and what is under it."""

    slug: str
    title: str
    warnings: Sequence[str] = ()
    texts: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    points: Sequence[str] = ()
    plots: Sequence[Plot] = ()
    scale: Scale | None = None

    @property
    def is_empty(self) -> bool:
        tables = any(table.rows for table in self.tables)
        return not (self.warnings or self.texts or self.facts or self.points or self.plots or tables)


@dataclass(frozen=True)
class Scale:
    """The decision rule drawn: places and widths are per cents of the scale's width."""

    below: str
    positive_from: str
    operating_point: str
    band_place: str
    band_width: str
    positive_place: str
    positive_width: str
    operating_place: str
    has_band: bool
