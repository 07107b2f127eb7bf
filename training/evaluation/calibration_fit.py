"""From the network's raw probability of COVID to a calibrated one, and on to a site's own prevalence.

`labels` are class indices in the order of `findings.CLASS_NAMES` (0 COVID, 1 Non-COVID); probabilities are of COVID,
0..1.
"""

from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.decision import (
    LARGEST_INTERCEPT,
    LARGEST_SLOPE,
    SMALLEST_SHARE,
    SMALLEST_SLOPE,
    Calibration,
    Floats,
    Method,
    logit_of,
)

FOLDS = 5


def fit_calibration(labels: ArrayLike, raw: ArrayLike, method: Method | None = None) -> Calibration:
    """The calibration of the validation part: by `method`, or by the one with the lower log loss on held-out fifths.

    Platt scaling (Platt 1999, with the smoothed targets, so that perfectly separated classes stay finite) fits slope
    and intercept; temperature scaling (Guo et al. 2017) the slope alone. Equal losses give temperature.
    Raises ValueError where a class is absent.
    """
    positive, logits = np.asarray(labels) == COVID_INDEX, logit_of(raw)
    if positive.all() or not positive.any():
        raise ValueError("Calibration needs COVID and Non-COVID images in the validation part.")
    chosen = method or better_method(positive, logits)
    slope, intercept = _fit(positive, logits, chosen)
    return Calibration(slope, intercept, float(positive.mean()), chosen)


def fit_power(labels: NDArray[np.int64], raw: Floats) -> float:
    """The power of raw probabilities (n, classes) with the lowest log loss; labels (n,) are columns of them.

    Temperature scaling (Guo et al. 2017) of more classes than two: one over the temperature.
    """
    from scipy.optimize import minimize_scalar  # only training fits; the site need not load it

    logs = np.log(np.maximum(raw, SMALLEST_SHARE))
    if logs.shape[1] < 2 or not len(logs):
        return 1.0

    def loss(power: float) -> float:
        scaled = np.exp(power) * logs
        return float(np.mean(logsumexp(scaled, axis=1) - scaled[np.arange(len(labels)), labels]))

    bounds = (np.log(SMALLEST_SLOPE), np.log(LARGEST_SLOPE))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def better_method(positive: NDArray[np.bool_], logits: Floats) -> Method:
    """Platt scaling where it loses less on held-out fifths, else temperature scaling."""
    platt, temperature = (held_out_log_loss(positive, logits, method) for method in get_args(Method))
    return "platt" if platt < temperature else "temperature"


def held_out_log_loss(positive: NDArray[np.bool_], logits: Floats, method: Method) -> float:
    """Mean log loss of each fifth under the calibration fitted on the other four; fifths share the classes alike."""
    order = np.lexsort((np.random.default_rng(0).random(len(positive)), positive))
    fold = np.empty(len(positive), dtype=int)
    fold[order] = np.arange(len(positive)) % FOLDS
    losses = np.empty(len(positive))
    for held_out in (fold == index for index in range(FOLDS)):
        slope, intercept = _fit(positive[~held_out], logits[~held_out], method)
        losses[held_out] = _log_losses(positive[held_out], slope * logits[held_out] + intercept)
    return float(losses.mean())


def _fit(positive: NDArray[np.bool_], logits: Floats, method: Method) -> tuple[float, float]:
    """Slope and intercept of the least log loss against Platt's smoothed targets."""
    from scipy.optimize import minimize  # only training fits; the site need not load it

    covid, others = positive.sum(), (~positive).sum()
    targets = np.where(positive, (covid + 1) / (covid + 2), 1 / (others + 2))
    shift = (-LARGEST_INTERCEPT, LARGEST_INTERCEPT) if method == "platt" else (0.0, 0.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        calibrated = parameters[0] * logits + parameters[1]
        error = expit(calibrated) - targets
        return float(np.mean(_log_losses(targets, calibrated))), np.array([np.mean(error * logits), np.mean(error)])

    found = minimize(loss, (1.0, 0.0), jac=True, bounds=((SMALLEST_SLOPE, LARGEST_SLOPE), shift), method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


def _log_losses(targets: ArrayLike, logits: Floats) -> Floats:
    return np.logaddexp(0, logits) - np.asarray(targets) * logits
