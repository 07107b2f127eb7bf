"""How well probabilities of COVID agree with the truth, each figure with a bootstrap 95 % interval.

COVID is the positive class everywhere. `labels` are class indices in the order of `contract.CLASS_NAMES`
(0 COVID, 1 Non-COVID), shape (n,); `probabilities` are of COVID, shape (n,), 0..1. Where a version has classes of its
own, 0 is the leading one and every other index counts as not having it; class_figures.py judges each class.
An image that was refused or is indeterminate got no answer: it counts as wrong in accuracy, sensitivity,
specificity and F1. Areas, Brier score and calibration error know only the images that have a probability.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diagnosis.estimates import ECE_BINS, LEVEL, Estimate
from diagnosis.findings import COVID_INDEX, MOST_CLASSES
from diagnosis.inference.decision import DecisionRule
from training.data.dataset import NONE_REFUSED, Refused
from training.evaluation.bootstrap import RESAMPLES, Resampling
from training.evaluation.weighted_figures import Ranking, brier_score, calibration_bins, calibration_error, ratio

SEED = 123

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """What the images of one class were called."""

    positive: int
    indeterminate: int
    negative: int
    refused: int

    @property
    def images(self) -> int:
        return self.positive + self.indeterminate + self.negative + self.refused


@dataclass(frozen=True)
class ThreeWayTable:
    """The confusion matrix with its columns Positive, Indeterminate, Negative and Refused."""

    covid: Answers
    non_covid: Answers

    @property
    def images(self) -> int:
        return self.covid.images + self.non_covid.images

    def share(self, answer: str) -> float:
        """Share, 0..1, of all images that got `answer`, the name of a field of `Answers`."""
        return (getattr(self.covid, answer) + getattr(self.non_covid, answer)) / self.images


@dataclass(frozen=True)
class Metrics:
    """The figures of one part. None where one is undefined: an area of one class, precision without a Positive."""

    table: ThreeWayTable
    accuracy: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    precision: Estimate | None
    f1: Estimate | None
    roc_auc: Estimate | None
    pr_auc: Estimate | None
    brier: Estimate | None
    ece: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: each figure as {value, low, high} or None, the counts, and what share got no answer."""
        return {
            "images": self.table.images,
            "prevalence": self.table.covid.images / self.table.images,
            "indeterminate_share": self.table.share("indeterminate"),
            "refused_share": self.table.share("refused"),
            **asdict(self),
        }


@dataclass(frozen=True)
class SourceAUC:
    """ROC AUC of one source; `comparison` says which COVID images are compared with which Non-COVID images."""

    source: str
    comparison: str
    covid: int
    non_covid: int
    roc_auc: Estimate


@dataclass(frozen=True)
class CalibrationBin:
    """One bin of the calibration error: mean probability, share of COVID (both 0..1), and how many images."""

    probability: float
    covid_share: float
    images: int


FIGURES = ("accuracy", "sensitivity", "specificity", "precision", "f1", "roc_auc", "pr_auc", "brier", "ece")
WITHIN = "its COVID against its Non-COVID"
COVID_AGAINST_ALL = "its COVID against all Non-COVID"
NON_COVID_AGAINST_ALL = "its Non-COVID against all COVID"


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    rule: DecisionRule,
    *,
    refused: Refused = NONE_REFUSED,
    limited: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Metrics:
    """Every figure of a part with its interval.

    limited: (n,) bool, images whose quality makes the answer Indeterminate, whatever the probability is.

    Resamples draw images within their class, so that the prevalence stays that of the part; with `groups` (n,), near
    duplicates or patients, whole groups are drawn. Intervals are percentiles, moved by the bootstrap's bias for the
    calibration error (resampling always adds to it); a share of exactly 0 or 1, which no resample can move, gets its
    exact (Clopper-Pearson) bound. Raises ValueError for labels that are not 0 or 1, probabilities outside 0..1, or no
    image at all.
    """
    positive, scores = checked(labels, probabilities)
    table = three_way_table(labels, probabilities, rule, refused, limited)
    if table.images == 0:
        raise ValueError("There is no image to evaluate.")
    figures = _Figures(positive, scores, _answers(scores, rule, limited), refused)
    resampling = Resampling(figures.truth, _with_refused(groups, figures), seed)
    draws = resampling.apply(figures.compute, resamples)
    points = figures.compute(np.ones((1, len(figures.truth))))[0]
    estimates = [estimate_of(point, draw) for point, draw in zip(points, draws.T, strict=True)]
    figure = dict(zip(FIGURES, estimates, strict=True))
    figure["ece"] = _unbiased(figure["ece"], draws[:, FIGURES.index("ece")])
    return Metrics(table, **{**figure, **_exact_at_the_ends(figure, table)})


def three_way_table(
    labels: ArrayLike,
    probabilities: ArrayLike,
    rule: DecisionRule,
    refused: Refused = NONE_REFUSED,
    limited: ArrayLike | None = None,
) -> ThreeWayTable:
    """Counts of Positive, Indeterminate, Negative and Refused answers for each class."""
    positive, scores = checked(labels, probabilities)
    called, uncalled = _answers(scores, rule, limited)

    def count(members: Bools, refusals: int) -> Answers:
        positives, negatives = int(np.sum(called & members)), int(np.sum(uncalled & members))
        return Answers(positives, int(members.sum()) - positives - negatives, negatives, refusals)

    return ThreeWayTable(count(positive, refused.covid), count(~positive, refused.non_covid))


def roc_auc(
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate | None:
    """Area under the ROC curve (ties count half), the same as `evaluate` gives; None where a class is absent."""
    positive, scores = checked(labels, probabilities)
    if positive.all() or not positive.any():
        return None
    ranking = Ranking(positive, scores)
    draws = Resampling(positive, groups, seed).apply(ranking.roc_auc, resamples)
    return estimate_of(ranking.roc_auc(np.ones((1, len(scores))))[0], draws)


def source_aucs(
    labels: ArrayLike,
    probabilities: ArrayLike,
    sources: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
) -> tuple[SourceAUC, ...]:
    """Each source's COVID against all Non-COVID, its Non-COVID against all COVID, and, with both classes, within it.

    `sources` (n,) are names, "" where unknown. A network that tells hospitals apart has high figures against all and
    low ones within.
    """
    truth, scores, names = np.asarray(labels), np.asarray(probabilities, dtype=float), np.asarray(sources, dtype=str)
    positive, groups = checked(truth, scores)[0], np.arange(len(truth)) if groups is None else np.asarray(groups)
    found = []
    for source in sorted(set(names.tolist()) - {""}):
        own = names == source
        sides = {COVID_AGAINST_ALL: own | ~positive, NON_COVID_AGAINST_ALL: own | positive, WITHIN: own}
        for comparison, of in sides.items():
            if auc := roc_auc(truth[of], scores[of], groups=groups[of], resamples=resamples):
                covid = int(positive[of].sum())
                found.append(SourceAUC(source, comparison, covid, int(of.sum()) - covid, auc))
    return tuple(found)


def mean_source_auc(aucs: tuple[SourceAUC, ...]) -> float | None:
    """Mean, over the sources that have both classes, of the AUC within the source; None where there is none."""
    within = [auc.roc_auc.value for auc in aucs if auc.comparison == WITHIN]
    return float(np.mean(within)) if within else None


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """The calibration error alone, without its interval."""
    positive, scores = checked(labels, probabilities)
    return float(calibration_error(np.ones((1, len(scores))), positive, scores)[0])


def calibration_curve(labels: ArrayLike, probabilities: ArrayLike) -> tuple[CalibrationBin, ...]:
    """The non-empty bins of the calibration error, from low to high probabilities."""
    positive, scores = checked(labels, probabilities)
    bins = calibration_bins(scores)
    members = [bins == index for index in range(ECE_BINS)]
    return tuple(
        CalibrationBin(float(scores[of].mean()), float(positive[of].mean()), int(of.sum()))
        for of in members
        if of.any()
    )


def checked(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Bools, Floats]:
    """Which images are COVID (n,) and their probabilities (n,) as float64; raises ValueError where they cannot be."""
    truth, scores = np.asarray(labels), np.asarray(probabilities, dtype=float)
    if truth.shape != scores.shape or truth.ndim != 1:
        raise ValueError(f"Labels {truth.shape} and probabilities {scores.shape} must be two lists of equal length.")
    if not np.isin(truth, range(MOST_CLASSES)).all():
        raise ValueError(f"Labels must be 0 (COVID) or 1 (Non-COVID), or the index of one of {MOST_CLASSES} classes.")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("Probabilities must be numbers from 0 to 1.")
    return truth == COVID_INDEX, scores


class _Figures:
    """The figures of `FIGURES`, in that order, for many weightings of the images at once."""

    def __init__(self, positive: Bools, scores: Floats, answers: tuple[Bools, Bools], refused: Refused) -> None:
        refusals = np.arange(refused.covid + refused.non_covid) < refused.covid
        silent = np.zeros_like(refusals)
        called, uncalled = answers
        self.truth = np.concatenate([positive, refusals])
        self._positive, self._scores = positive, scores
        self._ranking = Ranking(positive, scores)
        self._called, self._uncalled = np.concatenate([called, silent]), np.concatenate([uncalled, silent])

    def compute(self, weights: Floats) -> Floats:
        """Weights (resamples, images, the refused ones last) → (resamples, figures)."""
        covid, non_covid = weights @ self.truth, weights @ ~self.truth
        hits, clear = weights @ (self._called & self.truth), weights @ (self._uncalled & ~self.truth)
        called = weights @ self._called
        scored = weights[:, : len(self._scores)]
        figures = (
            ratio(hits + clear, covid + non_covid),
            ratio(hits, covid),
            ratio(clear, non_covid),
            ratio(hits, called),
            ratio(2 * hits, called + covid),
            self._ranking.roc_auc(scored),
            self._ranking.pr_auc(scored),
            brier_score(scored, self._positive, self._scores),
            calibration_error(scored, self._positive, self._scores),
        )
        return np.stack(figures, axis=1)


def _answers(scores: Floats, rule: DecisionRule, limited: ArrayLike | None) -> tuple[Bools, Bools]:
    """Which images are called Positive and which Negative; the others are Indeterminate."""
    unsure = (scores >= rule.indeterminate_low) & (scores < rule.indeterminate_high)
    if limited is not None:
        unsure |= np.asarray(limited, bool)
    positive = scores >= rule.operating_point
    return positive & ~unsure, ~positive & ~unsure


def _with_refused(groups: ArrayLike | None, figures: _Figures) -> NDArray[np.int64] | None:
    """Group numbers of all images; each refused one is a group of its own."""
    if groups is None:
        return None
    _, numbers = np.unique(np.asarray(groups), return_inverse=True)
    refused = len(figures.truth) - len(numbers)
    return np.concatenate([numbers, np.arange(refused) + len(numbers)])


def estimate_of(point: float, draws: Floats) -> Estimate | None:
    """A figure with the interval of its resamples; None where it is undefined."""
    known = draws[~np.isnan(draws)]
    if np.isnan(point) or not len(known):
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(point), float(low), float(high))


def _unbiased(estimate: Estimate | None, draws: Floats) -> Estimate | None:
    """The interval without what resampling adds to a figure that cannot be negative."""
    if estimate is None:
        return None
    bias = float(np.nanmean(draws)) - estimate.value
    return Estimate(estimate.value, max(estimate.low - bias, 0.0), min(estimate.high - bias, 1.0))


def _exact_at_the_ends(figure: dict[str, Estimate | None], table: ThreeWayTable) -> dict[str, Estimate]:
    """Exact intervals of the shares that are 0 or 1."""
    images = {
        "accuracy": table.images,
        "sensitivity": table.covid.images,
        "specificity": table.non_covid.images,
        "precision": table.covid.positive + table.non_covid.positive,
    }
    extreme = {name: figure[name] for name in images}
    return {name: _exact(e.value, images[name]) for name, e in extreme.items() if e and e.value in (0.0, 1.0)}


def _exact(share: float, images: int) -> Estimate:
    """Clopper and Pearson's interval of a share that is 0 or 1."""
    bound = ((1 - LEVEL) / 2) ** (1 / images)
    return Estimate(share, bound, 1.0) if share == 1.0 else Estimate(share, 0.0, 1.0 - bound)
