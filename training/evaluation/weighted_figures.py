"""Formulas of the figures for many weightings of the same images at once: (resamples, images) → (resamples,).

Undefined figures are nan. `metrics.py` says what they mean; weights of one give the figure itself.
"""

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import ECE_BINS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Ranking:
    """Images sorted once by score (n,), so that both areas of any weighting are sums over cumulated weights."""

    def __init__(self, positive: Bools, scores: Floats) -> None:
        self._covid = positive
        self._order = np.argsort(-scores, kind="stable")
        self._positive = positive[self._order].astype(float)
        self._thresholds = np.flatnonzero(np.diff(scores[self._order], append=-np.inf) < 0)

    def roc_auc(self, weights: Floats) -> Floats:
        """Area under the ROC curve by trapezoids, so ties count half."""
        true, false = self._found(weights)
        middle = true - np.diff(true, prepend=0, axis=1) / 2
        return ratio(
            np.sum(np.diff(false, prepend=0, axis=1) * middle, axis=1), weights @ self._covid * (weights @ ~self._covid)
        )

    def pr_auc(self, weights: Floats) -> Floats:
        """Average precision: the precision at each threshold, weighted by the recall gained there."""
        true, false = self._found(weights)
        gained = np.diff(true, prepend=0, axis=1)
        return ratio(np.nansum(gained * ratio(true, true + false), axis=1), weights @ self._covid)

    def _found(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weight of true and of false positives at each distinct threshold, from high to low: (resamples, k)."""
        ordered = weights[:, self._order]
        true = np.cumsum(ordered * self._positive, axis=1)[:, self._thresholds]
        return true, np.cumsum(ordered, axis=1)[:, self._thresholds] - true


def brier_score(weights: Floats, positive: Bools, scores: Floats) -> Floats:
    """Mean squared difference of the probability and the truth (Brier 1950)."""
    return ratio(weights @ (scores - positive) ** 2, weights.sum(axis=1))


def calibration_error(weights: Floats, positive: Bools, scores: Floats) -> Floats:
    """Mean distance of mean probability and share of COVID over `ECE_BINS` equally wide bins, weighted by images.

    Naeini et al., AAAI 2015, on the probability of COVID.
    """
    in_bin = np.eye(ECE_BINS)[calibration_bins(scores)]
    gaps = np.abs((weights * (scores - positive)) @ in_bin)
    return ratio(gaps.sum(axis=1), weights.sum(axis=1))


def calibration_bins(scores: Floats) -> NDArray[np.int64]:
    """Index (n,) of the bin of each probability; 1 belongs to the last bin."""
    return np.minimum((scores * ECE_BINS).astype(int), ECE_BINS - 1)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, nan where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=denominator > 0)
