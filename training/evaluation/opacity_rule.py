"""From the mean of an opacity map over the lungs to yes, unclear or no, chosen on readings that were held back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.decision import OpacityRule
from training.evaluation.calibration_fit import fit_calibration

MOST_WRONG = 0.1
"""Of negative readings called yes, and of typical ones called no."""


@dataclass(frozen=True)
class OpacityScores:
    """means (n,), 0..1, of maps over the lungs, and what readers said of the pictures."""

    means: NDArray[np.float64]
    readings: Sequence[str]


def choose_opacity_rule(scores: OpacityScores) -> OpacityRule:
    """Yes from where one in ten negative readings would be called yes; no below where one in ten typical ones would.

    Typical and indeterminate readings count as opacities. Between the two borders the answer is unclear; where they
    cross, both are put halfway. Raises ValueError without typical and negative readings.
    """
    read = np.array(scores.readings)
    used = np.isin(read, ("typical", "indeterminate", "negative"))
    labels = np.where(read[used] == "negative", 1 - COVID_INDEX, COVID_INDEX)
    calibration = fit_calibration(labels, scores.means[used], "platt")
    seen = calibration.apply(scores.means)
    yes_from = float(np.quantile(seen[read == "negative"], 1 - MOST_WRONG))
    unclear_from = float(np.quantile(seen[read == "typical"], MOST_WRONG))
    if unclear_from > yes_from:
        unclear_from = yes_from = (unclear_from + yes_from) / 2
    return OpacityRule(calibration, unclear_from, yes_from)
