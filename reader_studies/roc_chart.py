"""Readers and model in ROC space, as places in a square that a template draws as SVG."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from reader_studies.results import Accuracy, Arm

SIDE = 100
"""Of the square: a place is a number from 0 to 100, down from the top."""


@dataclass(frozen=True)
class RocMark:
    """An operating point: `text` is a reader's number, or M for the model."""

    x: str
    y: str
    text: str
    is_model: bool


@dataclass(frozen=True)
class RocChart:
    """`curve` is the model's, as the points of a polyline; "" where there are too few cases."""

    slug: str
    title: str
    description: str
    curve: str
    curves: tuple[str, ...]
    marks: tuple[RocMark, ...]


def roc_chart(title: str, arm: Arm, model: Accuracy) -> RocChart:
    readers = [each for each in arm.readers if each.accuracy.points]
    marks = [_mark(each.accuracy, str(each.reader.number)) for each in readers]
    own = _mark(model, "M", is_model=True) if model.points else None
    return RocChart(
        slug="roc-with" if arm.with_answer else "roc-without",
        title=title,
        description=_("Sensitivity over 1 − specificity of each reader and of the model. The table has the numbers."),
        curve=_line(model),
        curves=tuple(_line(each.accuracy) for each in readers),
        marks=tuple(mark for mark in (*marks, own) if mark),
    )


def _line(accuracy: Accuracy) -> str:
    return " ".join(f"{_place(p.false_positives)},{_place(1 - p.sensitivity)}" for p in accuracy.points)


def _mark(accuracy: Accuracy, text: str, *, is_model: bool = False) -> RocMark | None:
    sensitivity, specificity = accuracy.answers.sensitivity, accuracy.answers.specificity
    if sensitivity is None or specificity is None:
        return None
    return RocMark(_place(1 - specificity.value), _place(1 - sensitivity.value), text, is_model)


def _place(share: float) -> str:
    return f"{share * SIDE:.2f}"
