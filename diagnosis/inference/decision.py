"""Probability → answer: calibration, operating point and indeterminate band, as the site applies them."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from diagnosis.findings import OpacityAnswer, Prediction

CLIP = 1e-7
SMALLEST_SHARE = 1e-30
SMALLEST_SLOPE = 0.01
LARGEST_SLOPE = 100.0
LARGEST_INTERCEPT = 20.0
Method = Literal["platt", "temperature"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Calibrated logit = slope · raw logit + intercept; `prevalence` is COVID's share where it was fitted, 0..1.

    The slope is positive, so no calibration changes the order of two images.
    """

    slope: float = 1.0
    intercept: float = 0.0
    prevalence: float = 0.5
    method: str = "none"

    def __post_init__(self) -> None:
        if not (np.isfinite([self.slope, self.intercept]).all() and self.slope > 0 and 0 < self.prevalence < 1):
            raise ValueError(f"A calibration needs a positive slope and a prevalence between 0 and 1: {self}.")

    def apply(self, raw: ArrayLike, site_prevalence: float | None = None) -> Floats:
        """Calibrated probabilities, same shape as `raw`, at the fitted prevalence or at the site's own."""
        calibrated = expit(self.slope * logit_of(raw) + self.intercept)
        return calibrated if site_prevalence is None else self.at_site(calibrated, site_prevalence)

    def at_site(self, calibrated: ArrayLike, site_prevalence: float) -> Floats:
        """Calibrated probabilities moved to the site's prevalence.

        Move operating point and indeterminate band in the same way: then the site's prevalence changes the
        probability that people read, and no answer.
        """
        return adjust_prevalence(calibrated, self.prevalence, site_prevalence)

    def as_dict(self) -> dict[str, float | str]:
        return asdict(self)


def adjust_prevalence(probabilities: ArrayLike, fitted: float, site: float) -> Floats:
    """Probabilities for another prevalence: Bayes' rule on the odds, the likelihood ratio unchanged.

    Saerens et al., Neural Computation 14 (2002), equation 2.4. Raises ValueError for a prevalence not between 0 and 1.
    """
    if not (0 < fitted < 1 and 0 < site < 1):
        raise ValueError(f"A prevalence must lie between 0 and 1, got {fitted} and {site}.")
    return expit(logit_of(probabilities) + logit(site) - logit(fitted))


def logit_of(probabilities: ArrayLike) -> Floats:
    return logit(np.clip(np.asarray(probabilities, dtype=float), CLIP, 1 - CLIP))


@dataclass(frozen=True)
class DecisionRule:
    """Positive from `operating_point`; in [`indeterminate_low`, `indeterminate_high`) Indeterminate. All 0..1."""

    operating_point: float
    indeterminate_low: float
    indeterminate_high: float

    def __post_init__(self) -> None:
        if not 0 <= self.indeterminate_low <= self.operating_point <= self.indeterminate_high <= 1:
            raise ValueError(f"The indeterminate band must lie around the operating point, within 0 and 1: {self}.")

    def predict(self, probability: float) -> Prediction:
        """The answer for one calibrated probability of COVID."""
        if self.indeterminate_low <= probability < self.indeterminate_high:
            return Prediction.INDETERMINATE
        return Prediction.POSITIVE if probability >= self.operating_point else Prediction.NEGATIVE

    def moved_to(self, point: float) -> "DecisionRule":
        """The same rule at another operating point; the ends of the band move as far, in logits."""
        shift = float(logit_of(point) - logit_of(self.operating_point))
        low, high = (float(expit(logit_of(end) + shift)) for end in (self.indeterminate_low, self.indeterminate_high))
        return DecisionRule(point, min(low, point), max(high, point))

    def without_band(self) -> "DecisionRule":
        """The same operating point with an empty band: every image is Positive or Negative, as in the paper."""
        return DecisionRule(self.operating_point, self.operating_point, self.operating_point)


@dataclass(frozen=True)
class OpacityRule:
    """From the mean of a map over the lungs to an answer; borders are calibrated probabilities, 0..1.

    calibration: of the probability that readers call the picture typical or indeterminate rather than negative.
    """

    calibration: Calibration
    unclear_from: float
    yes_from: float

    def __post_init__(self) -> None:
        if not 0 <= self.unclear_from <= self.yes_from <= 1:
            raise ValueError(f"The borders of opacities must lie within 0 and 1, in order: {self}.")

    def answer(self, probability: float) -> OpacityAnswer:
        if probability >= self.yes_from:
            return OpacityAnswer.YES
        return OpacityAnswer.UNCLEAR if probability >= self.unclear_from else OpacityAnswer.NO

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "OpacityRule":
        return cls(Calibration(**values["calibration"]), float(values["unclear_from"]), float(values["yes_from"]))


@dataclass(frozen=True)
class OtherClasses:
    """How the classes other than the leading one are calibrated; the leading one has its own calibration.

    among: of one class out of several. The others share what the leading one leaves, in proportion to their raw
    probabilities to this power (one over a temperature). each: where classes come together, one calibration for each.
    """

    among: float = 1.0
    each: tuple[Calibration, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.among < math.inf:
            raise ValueError(f"Classes are calibrated among each other by a power above 0, not {self.among}.")

    def apply(self, raw: ArrayLike, leading: ArrayLike) -> Floats:
        """Raw probabilities (n, classes) and the leading one's calibrated (n,) -> calibrated ones, (n, classes)."""
        values, first = np.asarray(raw, dtype=float), np.asarray(leading, dtype=float)[:, None]
        if self.each:
            others = [one.apply(values[:, index]) for index, one in enumerate(self.each, start=1)]
            return np.concatenate([first, np.stack(others, axis=1)], axis=1)
        logs = self.among * np.log(np.maximum(values[:, 1:], SMALLEST_SHARE))
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.concatenate([first, (1 - first) * shares / shares.sum(axis=1, keepdims=True)], axis=1)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "OtherClasses":
        return cls(float(values["among"]), tuple(Calibration(**one) for one in values["each"]))


@dataclass(frozen=True)
class Decision:
    """How the network's output becomes an answer.

    evidence_scale: evidence for COVID at one place, in logits, that is drawn in full colour.
    opacities: of a version that looks for opacities. others: of a version with classes of its own.
    """

    calibration: Calibration
    rule: DecisionRule
    evidence_scale: float
    opacities: OpacityRule | None = None
    others: OtherClasses | None = None

    def __post_init__(self) -> None:
        if not 0 < self.evidence_scale < math.inf:
            raise ValueError(f"The evidence scale must be a number above 0, not {self.evidence_scale}.")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Decision":
        calibration, rule = Calibration(**values["calibration"]), DecisionRule(**values["rule"])
        opacities, others = values.get("opacities"), values.get("others")
        return cls(
            calibration,
            rule,
            float(values["evidence_scale"]),
            OpacityRule.from_dict(opacities) if opacities else None,
            OtherClasses.from_dict(others) if others else None,
        )
