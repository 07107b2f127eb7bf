"""A patient's timeline: COVID probability, reviews and RT-PCR over the days of the studies, as places for an SVG.

Across, places are per cents of the width, by date; down they are pixels. All are text, because a template would write a
decimal comma in some languages. A study whose answer is hidden from the person has a place and no probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from diagnosis.models import Diagnosis
from diagnosis.wording.answers import probability_of

if TYPE_CHECKING:
    from diagnosis.patients.search import PatientStudy

HEIGHT = 120
MARGIN = 4.0
"""Per cent of the width that is left free on both sides, for half of a mark and its text."""


@dataclass(frozen=True)
class Mark:
    """One study, or the day of one sample."""

    day: date
    x: str
    y: str
    slug: str
    answer: str = ""
    probability: str = ""
    review: str = ""
    conclusion: str = ""
    outcome: str = ""
    address: str = ""
    shows_day: bool = True


@dataclass(frozen=True)
class Timeline:
    """The studies by day, the oldest first, and samples; `line` joins the probabilities."""

    marks: tuple[Mark, ...]
    samples: tuple[Mark, ...]
    line: tuple[tuple[str, str, str, str], ...]
    height: int = HEIGHT


def timeline_of(studies: Sequence[PatientStudy]) -> Timeline | None:
    """None for fewer than two studies, which no line joins."""
    rows = [(item.study.day, item.answers[0]) for item in reversed(studies) if item.answers]
    if len(rows) < 2:
        return None
    tested = [(row.study.outcome_date, row) for _day, row in rows if row.study.outcome_date and not row.is_hidden]
    days = [day for day, _row in (*rows, *tested)]
    scale = _Scale(min(days), max(days))
    marks = _marks(rows, scale)
    shown = [mark for mark in marks if mark.probability]
    line = tuple((one.x, one.y, two.x, two.y) for one, two in pairwise(shown))
    samples = tuple(_sample(row, day, scale) for day, row in tested)
    return Timeline(marks, samples, line)


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date

    def place(self, day: date) -> float:
        span = (self.last - self.first).days
        share = (day - self.first).days / span if span else 0.5
        return MARGIN + share * (100 - 2 * MARGIN)


def _marks(rows: Sequence[tuple[date, Diagnosis]], scale: _Scale) -> tuple[Mark, ...]:
    """The day of a study is written where there is room since the last one that was."""
    marks, written = list[Mark](), -100.0
    for day, row in rows:
        place = scale.place(day)
        shows_day = place - written >= 16
        written = place if shows_day else written
        marks.append(_mark(day, row, place, shows_day))
    return tuple(marks)


def _mark(day: date, row: Diagnosis, place: float, shows_day: bool) -> Mark:
    hidden = row.is_hidden
    height = HEIGHT / 2 if hidden else HEIGHT * (1 - row.probability)
    return Mark(
        day=day,
        x=f"{place:.2f}%",
        y=f"{height:.1f}",
        slug="hidden" if hidden else row.prediction.lower(),
        answer="" if hidden else row.get_prediction_display(),
        probability="" if hidden else probability_of(row),
        review="" if hidden else row.get_review_state_display(),
        conclusion="" if hidden or not row.conclusion else row.get_conclusion_display(),
        outcome="" if hidden else row.study.get_outcome_display(),
        address=row.get_absolute_url(),
        shows_day=shows_day,
    )


def _sample(row: Diagnosis, day: date, scale: _Scale) -> Mark:
    slug = "positive" if row.study.outcome in ("positive", "antigen+") else "other"
    return Mark(day=day, x=f"{scale.place(day):.2f}%", y="0", slug=slug, outcome=row.study.get_outcome_display())
