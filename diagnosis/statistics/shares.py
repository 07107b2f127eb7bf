"""Shares and means with their 95 % intervals, by formula: quick enough for a page, whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from diagnosis.estimates import LEVEL, Estimate

Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True)
class Share:
    """A number out of a number. `estimate` is None where there is nothing to take a share of."""

    part: int
    whole: int

    @property
    def estimate(self) -> Estimate | None:
        return wilson(self.part, self.whole) if self.whole else None


def wilson(part: int, whole: int) -> Estimate:
    """The share `part / whole`, 0..1, with Wilson's score interval (E. B. Wilson, JASA 22, 1927).

    It stays within 0..1, and it is no single point where the share is 0 or 1. Raises ValueError unless
    0 ≤ part ≤ whole and whole ≥ 1.
    """
    if not 0 <= part <= whole or whole < 1:
        raise ValueError(f"There is no share of {part} in {whole}.")
    share, shrink = part / whole, 1 + Z**2 / whole
    middle = (share + Z**2 / (2 * whole)) / shrink
    half = Z / shrink * sqrt(share * (1 - share) / whole + Z**2 / (4 * whole**2))
    low = 0.0 if part == 0 else middle - half
    high = 1.0 if part == whole else middle + half
    return Estimate(share, low, high)


def mean_of(*, number: int, total: float, total_of_squares: float) -> Estimate:
    """The mean of values within 0..1 with its normal interval, from their number, sum and sum of squares.

    For the Brier score, a mean of squared differences: Bradley, Schwartz and Hashino, Weather and Forecasting 23, 2008.
    """
    mean = total / number
    variance = max(total_of_squares / number - mean**2, 0.0) * number / max(number - 1, 1)
    half = Z * sqrt(variance / number)
    return Estimate(mean, max(mean - half, 0.0), min(mean + half, 1.0))
