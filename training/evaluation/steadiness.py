"""Steadiness: how much an answer changes when a radiograph is handled mildly (turned, cropped, reduced, compressed)."""

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diagnosis.findings import Prediction
from diagnosis.inference.decision import DecisionRule

Pixels = NDArray[np.uint8]
Handling = Callable[[Pixels], Pixels]
BILINEAR = Image.Resampling.BILINEAR
ANGLE = 5.0
CROP = 0.04
QUALITY = 40
GAMMAS = (0.8, 1.25)


@dataclass(frozen=True)
class Steadiness:
    """Under one handling, of (n,) pictures: mean |change of the probability|, 0..1, and the share of other answers.

    turned_over: from Positive to Negative or back. changed: any other answer, Indeterminate included.
    """

    handling: str
    pictures: int
    mean_change: float
    turned_over: float
    changed: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def turned(pixels: Pixels) -> Pixels:
    """By 5 degrees, corners black."""
    return np.asarray(Image.fromarray(pixels).rotate(ANGLE, BILINEAR))


def cropped_a_little(pixels: Pixels) -> Pixels:
    """4 % less at every edge."""
    down, across = (round(CROP * side) for side in pixels.shape)
    return np.ascontiguousarray(pixels[down : len(pixels) - down, across : pixels.shape[1] - across])


def halved(pixels: Pixels) -> Pixels:
    """Half as wide and high."""
    rows, cols = pixels.shape
    return np.asarray(Image.fromarray(pixels).resize((max(cols // 2, 1), max(rows // 2, 1)), BILINEAR))


def compressed(pixels: Pixels) -> Pixels:
    """As a JPEG of quality 40."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(content))


def exposed(gamma: float) -> Handling:
    """Other exposure: grey level ** gamma."""
    levels = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return lambda pixels: levels[pixels]


HANDLINGS: Mapping[str, Handling] = {
    "turned by 5 degrees": turned,
    "cropped by 4 %": cropped_a_little,
    "half the size": halved,
    "JPEG of quality 40": compressed,
    **{f"gamma {gamma}": exposed(gamma) for gamma in GAMMAS},
}


def steadiness(
    handling: str, before: NDArray[np.float64], after: NDArray[np.float64], rule: DecisionRule
) -> Steadiness:
    """Compare calibrated probabilities (n,) of pictures and of the same pictures after a handling."""
    crossed = {Prediction.POSITIVE, Prediction.NEGATIVE}
    answers = [(rule.predict(float(one)), rule.predict(float(other))) for one, other in zip(before, after, strict=True)]
    return Steadiness(
        handling,
        len(before),
        float(np.mean(np.abs(after - before))),
        float(np.mean([set(pair) == crossed for pair in answers])),
        float(np.mean([one is not other for one, other in answers])),
    )


def over_all(rows: list[Steadiness]) -> Steadiness:
    """The mean of the handlings."""
    return Steadiness(
        "all",
        sum(row.pictures for row in rows),
        *(float(np.mean([getattr(row, name) for row in rows])) for name in ("mean_change", "turned_over", "changed")),
    )
