"""An answer in words, its probability, and their places on the scale. A hidden answer has none (blind reading)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from diagnosis.models import AnswerHidden, Diagnosis
from diagnosis.wording.numbers import milliseconds, percents


@dataclass(frozen=True)
class AnswerInWords:
    """How one diagnosis is put to a person. Texts are per cents; places are per cents of the scale's width."""

    probability: str
    positive_from: str
    negative_below: str
    confidence: str | None
    is_improbable_positive: bool
    """Positive although the probability is below one half, because the operating point is: it needs an explanation."""
    has_band: bool
    time_taken: str
    probability_place: str
    probability_anchor: str
    operating_place: str
    negative_width: str
    band_place: str
    band_width: str
    positive_place: str
    positive_width: str


def in_words(diagnosis: Diagnosis) -> AnswerInWords:
    """The answer is Positive from the upper end of the band around the operating point. Raises AnswerHidden."""
    if diagnosis.is_hidden:
        raise AnswerHidden
    low, high = diagnosis.indeterminate_low, diagnosis.indeterminate_high
    texts = percents(diagnosis.probability, high, low)
    return AnswerInWords(
        probability=texts[0],
        positive_from=texts[1],
        negative_below=texts[2],
        confidence=None if diagnosis.confidence is None else percents(diagnosis.confidence)[0],
        is_improbable_positive=diagnosis.probability < 0.5 and diagnosis.probability >= high,
        has_band=high > low,
        time_taken=milliseconds(diagnosis.milliseconds),
        probability_place=_place(diagnosis.probability),
        probability_anchor=_anchor(diagnosis.probability),
        operating_place=_place(diagnosis.operating_point),
        negative_width=_place(low),
        band_place=_place(low),
        band_width=_place(high - low),
        positive_place=_place(high),
        positive_width=_place(1 - high),
    )


def probability_of(diagnosis: Diagnosis) -> str:
    """The probability alone, for lists: all of an answer in words takes ten times as long. Empty where it is hidden."""
    return "" if diagnosis.is_hidden else percents(diagnosis.probability)[0]


def covid_probability_of(diagnosis: Diagnosis) -> str:
    """The same, saying of what it is the probability: for places without a heading that says so."""
    return "" if diagnosis.is_hidden else _("COVID probability %s") % probability_of(diagnosis)


def _place(probability: float) -> str:
    """For an SVG attribute, so never with a decimal comma."""
    return f"{probability * 100:.2f}%"


def _anchor(probability: float) -> str:
    """Which end of its text is at a place, so that no text leaves the scale."""
    if probability < 0.2:
        return "start"
    return "end" if probability > 0.8 else "middle"
