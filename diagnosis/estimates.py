"""A figure with its 95 % interval; the level and the number of calibration bins that pages and training share."""

from dataclasses import dataclass

LEVEL = 0.95
ECE_BINS = 10
"""Bins of equal width of the calibration error, on the site's pages as in training."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float
