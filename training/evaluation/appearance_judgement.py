"""How well readers' words are found again: ROC AUC of each against the rest, quadratic kappa, with intervals.

Kappa weighs a disagreement by the square of its distance (Cohen, Psychological Bulletin 70 (1968)): typical taken for
negative is nine times as bad as typical taken for indeterminate. The answer is the most probable appearance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import LEVEL, Estimate
from diagnosis.inference.appearances import COLUMNS
from training.evaluation.leave_out import weighted_auc

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
RESAMPLES = 2000


@dataclass(frozen=True)
class AppearanceFigures:
    """pictures: of each appearance, as they are read. auc: of each against the rest, and their mean. confusion: (4, 4)

    counts, read by called."""

    pictures: tuple[int, ...]
    auc: tuple[Estimate, ...]
    mean_auc: Estimate
    kappa: Estimate
    confusion: NDArray[np.int64]


def appearance_figures(
    probabilities: Floats, truth: Rows, groups: Rows, resamples: int = RESAMPLES
) -> AppearanceFigures:
    """probabilities (n, 4), truth (n,) in the order of COLUMNS; whole groups are drawn again for the intervals."""
    value = _figures(probabilities, truth)
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    strata = [[one for one in rows if truth[one[0]] == kind] for kind in range(len(COLUMNS))]
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(resamples):
        again = [one for stratum in strata for one in rng.choice(len(stratum), len(stratum))]
        kinds = np.repeat(range(len(COLUMNS)), [len(stratum) for stratum in strata])
        chosen = np.concatenate([strata[kind][one] for kind, one in zip(kinds, again, strict=True)])
        drawn.append(_figures(probabilities[chosen], truth[chosen]))
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    estimates = [Estimate(*map(float, three)) for three in zip(value, low, high, strict=True)]
    return AppearanceFigures(
        tuple(np.bincount(truth, minlength=len(COLUMNS)).tolist()),
        tuple(estimates[: len(COLUMNS)]),
        estimates[-2],
        estimates[-1],
        confusion_of(truth, probabilities.argmax(axis=1)),
    )


def confusion_of(truth: Rows, called: Rows) -> NDArray[np.int64]:
    counts = np.zeros((len(COLUMNS), len(COLUMNS)), np.int64)
    np.add.at(counts, (truth, called), 1)
    return counts


def quadratic_kappa(confusion: NDArray[np.int64]) -> float:
    place = np.arange(len(confusion))
    distance = (place[:, None] - place) ** 2
    chance = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) / confusion.sum()
    return float(1 - (distance * confusion).sum() / (distance * chance).sum())


def _figures(probabilities: Floats, truth: Rows) -> Floats:
    """AUC of each, their mean, kappa."""
    each = [weighted_auc(truth == kind, probabilities[:, kind]) for kind in range(len(COLUMNS))]
    kappa = quadratic_kappa(confusion_of(truth, probabilities.argmax(axis=1)))
    return np.array([*each, np.mean(each), kappa])
