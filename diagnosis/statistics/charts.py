"""Charts as places on a plane, which a template draws as SVG without a script or a style attribute.

Across, places are per cents of the drawing's width, so that text keeps its size on a phone and on a wall. Down, they
are pixels, HEIGHT at the foot. All of them are text, because a template would write a decimal comma in some languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from diagnosis.estimates import Estimate

HEIGHT = 180
_BAR_SHARE = 0.72
_MOST_STEPS = 4
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Kind:
    """One kind of mark: what a bar is filled with, and `label`, its name in the key."""

    slug: str
    label: str
    fill: str = "dark"
    shape: str = "circle"


@dataclass(frozen=True)
class Tick:
    place: str
    label: str


@dataclass(frozen=True)
class Bar:
    """A part of a column."""

    fill: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Column:
    """The text over one mark of the axis. `is_minor` marks are left out where there is little room."""

    place: str
    mark: str
    is_minor: bool
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class Point:
    """A figure with its interval: from `top` to `foot` of a line at `place`."""

    shape: str
    place: str
    y: str
    top: str
    foot: str


@dataclass(frozen=True)
class Chart:
    """`columns` give the marks below, `kinds` the key; a chart of figures has points, and may have a diagonal."""

    slug: str
    title: str
    description: str
    axis: str
    kinds: tuple[Kind, ...]
    ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]
    points: tuple[Point, ...] = ()
    has_diagonal: bool = False
    height: int = HEIGHT
    foot: int = HEIGHT + 18

    @property
    def has_key(self) -> bool:
        """One kind is what the title says."""
        return len(self.kinds) > 1


@dataclass(frozen=True)
class Words:
    """A chart's texts: its name, a sentence on what it shows, and the label of the vertical axis."""

    slug: str
    title: str
    description: str
    axis: str


@dataclass(frozen=True)
class Mark:
    """The text under a column."""

    text: str
    is_minor: bool = False


def column_chart(words: Words, kinds: Sequence[Kind], marks: Sequence[Mark], counts: Sequence[Sequence[int]]) -> Chart:
    """Numbers as stacked columns: `counts` has one row for each mark, with a number for each kind, foot first."""
    step = _step(max((sum(row) for row in counts), default=0))
    top = step * _MOST_STEPS
    columns = [
        Column(_middle(n, len(marks)), mark.text, mark.is_minor, tuple(_stack(n, len(marks), kinds, row, top)))
        for n, (mark, row) in enumerate(zip(marks, counts, strict=True))
    ]
    ticks = tuple(Tick(_down(level * step, top), f"{level * step:g}") for level in range(_MOST_STEPS + 1))
    return Chart(**vars(words), kinds=tuple(kinds), ticks=ticks, columns=tuple(columns))


def share_chart(
    words: Words, kinds: Sequence[Kind], marks: Sequence[Mark], estimates: Sequence[Sequence[Estimate | None]]
) -> Chart:
    """Shares (0..1) with intervals: `estimates` has one row for each mark, with a figure or None for each kind."""
    top = _share_top(max((e.high for row in estimates for e in row if e), default=1.0))
    columns = tuple(Column(_middle(n, len(marks)), mark.text, mark.is_minor) for n, mark in enumerate(marks))
    points = [
        _point(kind.shape, (n + (place + 1) / (len(kinds) + 1)) / len(marks), estimate, top)
        for n, row in enumerate(estimates)
        for place, (kind, estimate) in enumerate(zip(kinds, row, strict=True))
        if estimate
    ]
    return Chart(**vars(words), kinds=tuple(kinds), ticks=_share_ticks(top), columns=columns, points=tuple(points))


def calibration_chart(words: Words, kind: Kind, bins: Sequence[tuple[float, Estimate]]) -> Chart:
    """Observed shares with intervals over expected ones (all 0..1), with the diagonal on which they would agree."""
    columns = tuple(Column(_percent(n / 4), f"{n * 25}\N{NO-BREAK SPACE}%", is_minor=False) for n in range(5))
    points = tuple(_point(kind.shape, expected, observed, 1.0) for expected, observed in bins)
    ticks = _share_ticks(1.0)
    return Chart(**vars(words), kinds=(kind,), ticks=ticks, columns=columns, points=points, has_diagonal=True)


def _stack(n: int, columns: int, kinds: Sequence[Kind], row: Sequence[int], top: float) -> list[Bar]:
    left, width, below, bars = (n + (1 - _BAR_SHARE) / 2) / columns, _BAR_SHARE / columns, 0, []
    for kind, number in zip(kinds, row, strict=True):
        if number:
            y, height = _down(below + number, top), f"{HEIGHT * number / top:.2f}"
            bars.append(Bar(kind.fill, _percent(left), y, _percent(width), height))
        below += number
    return bars


def _point(shape: str, place: float, estimate: Estimate, top: float) -> Point:
    return Point(
        shape, _percent(place), _down(estimate.value, top), _down(estimate.high, top), _down(estimate.low, top)
    )


def _step(largest: float) -> int:
    """A round number; _MOST_STEPS of it reach at least `largest`."""
    least = max(largest / _MOST_STEPS, 1)
    power = 10 ** int(log10(least))
    return next(ceil(step * power) for step in _STEPS if step * power >= least and step * power == int(step * power))


def _share_top(highest: float) -> float:
    return next(top for top in (0.1, 0.2, 0.4, 1.0) if highest <= top)


def _share_ticks(top: float) -> tuple[Tick, ...]:
    levels = [top * level / _MOST_STEPS for level in range(_MOST_STEPS + 1)]
    return tuple(Tick(_down(level, top), f"{level * 100:g}\N{NO-BREAK SPACE}%") for level in levels)


def _middle(n: int, columns: int) -> str:
    return _percent((n + 0.5) / columns)


def _percent(share: float) -> str:
    return f"{share * 100:.3f}%"


def _down(value: float, top: float) -> str:
    return f"{HEIGHT * (1 - value / top):.2f}"
