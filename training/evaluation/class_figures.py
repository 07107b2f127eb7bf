"""Each class against all others: ROC and PR areas, Brier score, calibration error, and the confusion matrix.

Of a version with classes of its own. The figures of `metrics.py` are of the leading class, whose answer people read;
these are of all. Areas are of the images that got a probability; a refused image is counted apart.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diagnosis.estimates import Estimate
from diagnosis.findings import Classes
from training.data.dataset import Refused
from training.evaluation.bootstrap import RESAMPLES, Resampling
from training.evaluation.metrics import SEED, estimate_of
from training.evaluation.weighted_figures import Ranking, brier_score, calibration_error, ratio

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
EACH = ("roc_auc", "pr_auc", "brier", "ece")


@dataclass(frozen=True)
class OneClass:
    """Against all others. images: that have it. None: not defined, for none or all images have it."""

    name: str
    images: int
    refused: int
    roc_auc: Estimate | None
    pr_auc: Estimate | None
    brier: Estimate | None
    ece: float | None


@dataclass(frozen=True)
class ClassFigures:
    """mean_roc_auc: of the classes that have one. accuracy: how often the most probable class is the true one.

    confusion: counts, [true class][most probable class]. Both None where a picture may have several classes.
    """

    classes: tuple[OneClass, ...]
    mean_roc_auc: Estimate | None
    accuracy: Estimate | None
    confusion: tuple[tuple[int, ...], ...] | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def class_figures(
    truth: Bools,
    probabilities: Floats,
    classes: Classes,
    refused: Refused,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
) -> ClassFigures:
    """truth and calibrated probabilities (n, classes). Resamples draw whole groups, within the leading class and
    within the others.
    """
    right = None if classes.is_multi_label else truth[np.arange(len(truth)), probabilities.argmax(axis=1)]
    figures = _Figures(truth, probabilities, right)
    points = figures.compute(np.ones((1, len(truth))))[0]
    draws = Resampling(truth[:, 0], groups, SEED).apply(figures.compute, resamples)
    found = [estimate_of(point, draw) for point, draw in zip(points, draws.T, strict=True)]
    each = [found[start : start + len(EACH)] for start in range(0, len(EACH) * len(classes.names), len(EACH))]
    refusals = refused.each or (0,) * len(classes.names)
    return ClassFigures(
        tuple(
            _one_class(name, int(has.sum()), number, own)
            for name, has, number, own in zip(classes.names, truth.T, refusals, each, strict=True)
        ),
        mean_roc_auc=found[-2],
        accuracy=found[-1],
        confusion=None if right is None else confusion_of(truth, probabilities),
    )


def confusion_of(truth: Bools, probabilities: Floats) -> tuple[tuple[int, ...], ...]:
    """Counts of each true class and each most probable one."""
    counts = truth.T.astype(int) @ np.eye(truth.shape[1], dtype=int)[probabilities.argmax(axis=1)]
    return tuple(tuple(row) for row in counts.tolist())


def _one_class(name: str, images: int, refused: int, found: Sequence[Estimate | None]) -> OneClass:
    roc_auc, pr_auc, brier, ece = found
    defined = roc_auc is not None
    return OneClass(name, images, refused, roc_auc, pr_auc if defined else None, brier, ece.value if ece else None)


class _Figures:
    """Those of EACH for one class after another, then the mean area and the accuracy, for many weightings at once."""

    def __init__(self, truth: Bools, probabilities: Floats, right: Bools | None) -> None:
        self._truth, self._probabilities, self._right = truth, probabilities, right
        self._rankings = [Ranking(has, scores) for has, scores in zip(truth.T, probabilities.T, strict=True)]

    def compute(self, weights: Floats) -> Floats:
        """(resamples, images) -> (resamples, figures)"""
        figures, areas = [], []
        for ranking, has, scores in zip(self._rankings, self._truth.T, self._probabilities.T, strict=True):
            areas.append(ranking.roc_auc(weights))
            figures += [areas[-1], ranking.pr_auc(weights), brier_score(weights, has, scores)]
            figures.append(calibration_error(weights, has, scores))
        known = np.stack(areas, axis=1)
        mean = ratio(np.nansum(known, axis=1), np.sum(~np.isnan(known), axis=1).astype(float))
        nothing = np.full(len(weights), np.nan)
        accuracy = nothing if self._right is None else ratio(weights @ self._right, weights.sum(axis=1))
        return np.stack([*figures, mean, accuracy], axis=1)
