"""Probabilities as words and as places on a scale."""

from dataclasses import dataclass

from django.utils.formats import number_format

from diagnosis.models import Diagnosis

_MOST_DECIMALS = 2


@dataclass(frozen=True)
class Reading:
    """How one diagnosis is put to a person. Texts are per cents; places are per cents of the scale's width."""

    probability: str
    positive_from: str
    negative_below: str
    confidence: str | None
    has_band: bool
    probability_place: str
    positive_place: str
    operating_place: str
    band_place: str
    band_width: str
    probability_anchor: str
    positive_anchor: str


def read_out(diagnosis: Diagnosis) -> Reading:
    """Word a diagnosis. The answer is Positive from the upper end of the band of doubt, where there is one."""
    low, high = diagnosis.indeterminate_low, diagnosis.indeterminate_high
    positive_from = max(diagnosis.operating_point, high)
    negative_below = min(diagnosis.operating_point, low)
    texts = percents(diagnosis.probability, positive_from, negative_below)
    return Reading(
        probability=texts[0],
        positive_from=texts[1],
        negative_below=texts[2],
        confidence=None if diagnosis.confidence is None else percents(diagnosis.confidence)[0],
        has_band=high > low,
        probability_place=_place(diagnosis.probability),
        positive_place=_place(positive_from),
        operating_place=_place(diagnosis.operating_point),
        band_place=_place(low),
        band_width=_place(high - low),
        probability_anchor=_anchor(diagnosis.probability),
        positive_anchor=_anchor(positive_from),
    )


def percents(*probabilities: float) -> list[str]:
    """Word probabilities (0..1) that stand side by side: with as few decimals as still tell different ones apart.

    A value short of certainty is never shown as 0 % or 100 %.
    """
    for decimals in range(_MOST_DECIMALS + 1):
        texts = [_percent(probability, decimals) for probability in probabilities]
        if len(set(texts)) == len(set(probabilities)):
            break
    return texts


def _percent(probability: float, decimals: int) -> str:
    step = 10.0**-decimals
    value = round(probability * 100, decimals)
    if value <= 0 < probability:
        return f"<\N{NO-BREAK SPACE}{_number(step, decimals)}"
    if value >= 100 > probability * 100:
        return f">\N{NO-BREAK SPACE}{_number(100 - step, decimals)}"
    return _number(value, decimals)


def _number(value: float, decimals: int) -> str:
    return f"{number_format(value, decimal_pos=decimals)}\N{NO-BREAK SPACE}%"


def _place(probability: float) -> str:
    """For an SVG attribute, so never with a decimal comma."""
    return f"{probability * 100:.2f}%"


def _anchor(probability: float) -> str:
    """Which end of its text stands at a place, so that no text leaves the scale."""
    if probability < 0.2:
        return "start"
    return "end" if probability > 0.8 else "middle"
