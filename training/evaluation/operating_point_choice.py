"""From a calibrated probability to Positive, Negative or Indeterminate, and how the borders are chosen.

`labels` are class indices in the order of `findings.CLASS_NAMES` (0 COVID, 1 Non-COVID), shape (n,); `probabilities`
are calibrated and of COVID, shape (n,), 0..1.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.decision import CLIP, DecisionRule, logit_of

MIN_SENSITIVITY = 0.95
MAX_INDETERMINATE = 0.01
"""Share of the validation part: docs/decisions/0032-calibration-and-operating-point.md."""
REFERRAL_COST = 0.25
ROUNDING = 1e-9


def choose_decision_rule(
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    min_sensitivity: float = MIN_SENSITIVITY,
    max_share: float = MAX_INDETERMINATE,
    referral_cost: float = REFERRAL_COST,
) -> DecisionRule:
    """Operating point and indeterminate band from the validation part, by the two functions below."""
    point = choose_operating_point(labels, probabilities, min_sensitivity)
    return choose_indeterminate_band(labels, probabilities, point, max_share=max_share, referral_cost=referral_cost)


def choose_operating_point(
    labels: ArrayLike, probabilities: ArrayLike, min_sensitivity: float = MIN_SENSITIVITY
) -> float:
    """The probability with the highest specificity among those with sensitivity ≥ `min_sensitivity`.

    It lies halfway between the lowest score that must be Positive and the next lower one, so that a difference in the
    last digits between engines changes no answer. Raises ValueError where no image is COVID.
    """
    positive, scores = np.asarray(labels) == COVID_INDEX, np.asarray(probabilities, dtype=float)
    if not positive.any():
        raise ValueError("An operating point cannot be chosen without a COVID image in the validation part.")
    covid = np.sort(scores[positive])[::-1]
    needed = max(int(np.ceil(min_sensitivity * len(covid) - ROUNDING)), 1)
    lowest_found = covid[needed - 1]
    below = scores[scores < lowest_found]
    return float((lowest_found + below.max()) / 2) if len(below) else float(lowest_found)


def choose_indeterminate_band(
    labels: ArrayLike,
    probabilities: ArrayLike,
    operating_point: float,
    *,
    max_share: float = MAX_INDETERMINATE,
    referral_cost: float = REFERRAL_COST,
) -> DecisionRule:
    """The band around `operating_point`, symmetric on the logit scale, that costs least on the validation part.

    A wrong answer costs 1 and a referral `referral_cost` (the reject option of Chow, IEEE Trans. Inf. Theory 1970):
    right at the operating point about half of the answers are wrong, further away fewer, and the band ends where
    referring costs more than the errors that it avoids. It never holds more than `max_share` of the images.
    """
    positive, scores = np.asarray(labels) == COVID_INDEX, np.asarray(probabilities, dtype=float)
    distance = np.abs(logit_of(scores) - logit_of(operating_point))
    order = np.argsort(distance, kind="stable")
    distance, wrong = distance[order], ((scores >= operating_point) != positive)[order]
    last = np.flatnonzero(np.diff(distance, append=np.inf) > 0)
    inside = last + 1
    gain = np.where(inside <= max_share * len(scores) + ROUNDING, np.cumsum(wrong)[last] - referral_cost * inside, 0)
    best = int(np.argmax(gain))
    if gain[best] <= 0:
        return DecisionRule(operating_point, operating_point, operating_point)
    edge = distance[last[best]]
    next_edge = distance[inside[best]] if inside[best] < len(distance) else edge + 2 * CLIP
    return _band(operating_point, (edge + next_edge) / 2)


def _band(operating_point: float, half_width: float) -> DecisionRule:
    centre = logit_of(operating_point)
    return DecisionRule(operating_point, float(expit(centre - half_width)), float(expit(centre + half_width)))
