"""Turning a radiograph upright, inverting it, or leaving it, where a person asks for it after it was refused."""

from typing import Literal, get_args

import numpy as np

Correction = Literal["", "turn-90", "turn-180", "turn-270", "invert", "as-is"]
"""Clockwise turns in degrees, black for white, or a person has looked at it and leaves it; "" is nothing asked for."""
AS_IS: Correction = "as-is"
CORRECTIONS: tuple[str, ...] = get_args(Correction)


def turn_by(quarters: int) -> str:
    """The correction of so many clockwise quarter turns, 1 to 3."""
    return f"turn-{90 * quarters}"


def corrected(pixels: np.ndarray, correction: str) -> np.ndarray:
    """(height, width) uint8 -> the picture turned or inverted, read-only. Raises ValueError for another correction."""
    if correction not in CORRECTIONS:
        raise ValueError(f"unknown correction {correction!r}")
    if correction in ("", AS_IS):
        return pixels
    changed = 255 - pixels if correction == "invert" else np.rot90(pixels, -int(correction.removeprefix("turn-")) // 90)
    changed = np.ascontiguousarray(changed)
    changed.setflags(write=False)
    return changed
