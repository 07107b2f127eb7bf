"""Calibration, operating point and indeterminate band from left-out sources, every source weighing the same.

Probabilities and borders that were fitted on pictures of the training hospitals say nothing about another hospital:
there scores lie closer together and elsewhere. Each left-out source was scored by a head that had not seen it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from diagnosis.inference.decision import (
    LARGEST_INTERCEPT,
    LARGEST_SLOPE,
    SMALLEST_SLOPE,
    Calibration,
    DecisionRule,
)
from training.evaluation.leave_out import LeftOut, equal_weights, source_weights

Floats = NDArray[np.float64]
BORDERS = 80
"""Candidates for each border of the band: quantiles of all scores."""
FEWEST_ANSWERED = 0.02
"""Of a source: a share of wrong answers among fewer is chance."""


@dataclass(frozen=True)
class Limits:
    """Shares 0..1: wrong among the answered pictures of the worst source and on average; Indeterminate on average.

    A band that keeps the first two may leave up to `widest` of the pictures Indeterminate; where there is none, the
    band must be as narrow as `indeterminate` says.
    """

    wrong_worst: float = 0.20
    wrong_on_average: float = 0.12
    widest: float = 0.65
    indeterminate: float = 0.35


STRICT = Limits()


@dataclass(frozen=True)
class UnseenDecision:
    """The choice and what it costs on left-out sources, all shares 0..1.

    wrong_worst, wrong_mean: among answered pictures of a source. answered: mean over sources. kept: whether the limits
    are; they cannot be where one source's COVID scores lower than another source's other diseases.
    """

    calibration: Calibration
    rule: DecisionRule
    wrong_worst: float
    wrong_mean: float
    answered: float
    kept: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def decide(left_out: Sequence[LeftOut], limits: Limits = STRICT) -> UnseenDecision:
    """Calibration and rule for scores of left-out sources. Raises ValueError where a class is absent."""
    logits = np.concatenate([one.logits for one in left_out])
    positive = np.concatenate([one.positive for one in left_out])
    calibration = calibrate(positive, logits, equal_weights(left_out))
    low, high, kept = choose_band(left_out, limits)
    point = min(max(balanced_point(left_out), low), high)
    edges = calibration.apply(expit([point, low, high]))
    wrong, answered = wrong_and_answered(left_out, low, high)
    return UnseenDecision(
        calibration,
        DecisionRule(*map(float, edges)),
        float(np.max(wrong)),
        float(np.mean(wrong)),
        float(np.mean(answered)),
        kept,
    )


def decided_elsewhere(left_out: Sequence[LeftOut], calibration: Calibration, rule: DecisionRule) -> UnseenDecision:
    """What a calibration and rule that were chosen without them cost on left-out sources."""
    edges = np.clip([rule.indeterminate_low, rule.indeterminate_high], 1e-12, 1 - 1e-12)
    low, high = (logit(edges) - calibration.intercept) / calibration.slope
    wrong, answered = wrong_and_answered(left_out, float(low), float(high))
    return UnseenDecision(
        calibration, rule, float(np.max(wrong)), float(np.mean(wrong)), float(np.mean(answered)), kept=False
    )


def calibrate(positive: NDArray[np.bool_], logits: Floats, weights: Floats) -> Calibration:
    """Platt's slope and intercept of the least weighted log loss; the fitted prevalence is that of the weights."""
    if positive.all() or not positive.any():
        raise ValueError("Calibration on left-out sources needs sources with COVID and sources without.")

    def loss(parameters: Floats) -> tuple[float, Floats]:
        calibrated = parameters[0] * logits + parameters[1]
        error = weights * (expit(calibrated) - positive)
        value = weights @ (np.logaddexp(0, calibrated) - positive * calibrated)
        return float(value), np.array([error @ logits, error.sum()])

    bounds = ((SMALLEST_SLOPE, LARGEST_SLOPE), (-LARGEST_INTERCEPT, LARGEST_INTERCEPT))
    found = minimize(loss, (1.0, 0.0), jac=True, bounds=bounds, method="L-BFGS-B")
    return Calibration(float(found.x[0]), float(found.x[1]), float(weights @ positive / weights.sum()), "platt")


def choose_band(left_out: Sequence[LeftOut], limits: Limits) -> tuple[float, float, bool]:
    """The borders, in logits, and whether all limits are kept.

    Of the bands that keep all limits the one that answers most. Where there is none: of the narrow ones the one that is
    least wrong on both classes alike. Most sources have no COVID, so the mean over sources alone would be kept best by
    never calling any.
    """
    candidates = bands(left_out)
    wrong_worst, wrong_mean, answered, wrong_balanced = candidates[:, 2:].T
    kept = (wrong_worst <= limits.wrong_worst) & (wrong_mean <= limits.wrong_on_average)
    kept &= answered >= 1 - limits.widest
    if kept.any():
        best = int(np.argmax(np.where(kept, answered, -1)))
    else:
        narrow = answered >= 1 - limits.indeterminate
        best = int(np.argmin(np.where(narrow, wrong_balanced, np.inf)))
    return float(candidates[best, 0]), float(candidates[best, 1]), bool(kept.any())


def bands(left_out: Sequence[LeftOut]) -> Floats:
    """(bands, 6): low and high border; wrong of the worst source and on average; answered; wrong, classes alike."""
    logits = np.concatenate([one.logits for one in left_out])
    weights = source_weights(np.concatenate([np.full(len(one.logits), one.source) for one in left_out]))
    edges = weighted_quantiles(logits, weights, np.linspace(0.01, 0.99, BORDERS))
    rows = []
    for low in edges:
        for high in edges[edges >= low]:
            wrong, answered = wrong_and_answered(left_out, low, high)
            balanced = balanced_wrong(left_out, low, high)
            rows.append((low, high, wrong.max(), wrong.mean(), answered.mean(), balanced))
    return np.array(rows)


def wrong_and_answered(left_out: Sequence[LeftOut], low: float, high: float) -> tuple[Floats, Floats]:
    """For each source: the share of wrong answers among its answered pictures, and the share that is answered."""
    wrong, answered = [], []
    for one in left_out:
        is_positive, is_negative = one.logits >= high, one.logits < low
        mistakes = np.mean(np.where(one.positive, is_negative, is_positive))
        share = float(np.mean(is_positive | is_negative))
        wrong.append(float(mistakes) / share if share > FEWEST_ANSWERED else 0.0)
        answered.append(share)
    return np.array(wrong), np.array(answered)


def balanced_wrong(left_out: Sequence[LeftOut], low: float, high: float) -> float:
    """Share of wrong answers among the answered, the mean over sources of each class, and of both classes."""
    shares: dict[bool, list[float]] = {True: [], False: []}
    for one in left_out:
        for is_covid, logits in ((True, one.logits[one.positive]), (False, one.logits[~one.positive])):
            if len(logits):
                high_share, low_share = float(np.mean(logits >= high)), float(np.mean(logits < low))
                mistakes = low_share if is_covid else high_share
                shares[is_covid].append(mistakes / max(high_share + low_share, FEWEST_ANSWERED))
    return float(np.mean([np.mean(each) for each in shares.values()]))


def balanced_point(left_out: Sequence[LeftOut]) -> float:
    """The logit at which the mean sensitivity of sources equals their mean specificity."""
    covid = [one.logits[one.positive] for one in left_out if one.positive.any()]
    others = [one.logits[~one.positive] for one in left_out if not one.positive.all()]
    points = np.unique(np.concatenate([*covid, *others]))
    found = np.mean([np.searchsorted(np.sort(each), points) / len(each) for each in covid], axis=0)
    right = np.mean([np.searchsorted(np.sort(each), points) / len(each) for each in others], axis=0)
    return float(points[np.argmin(np.abs((1 - found) - right))])


def weighted_quantiles(values: Floats, weights: Floats, shares: Floats) -> Floats:
    """The values below which the given shares of the weight lie, increasing."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return np.unique(values[order][np.minimum(np.searchsorted(below, shares), len(values) - 1)])
