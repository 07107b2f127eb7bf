"""The head that says what readers would call a radiograph: typical, indeterminate, atypical or negative.

Ridge regression on the four classes (least squares, as Rifkin and Klautau, JMLR 5 (2004), one against all), on the
blocks of head_inputs; each weighs the same, whatever its width. Classes weigh by the root of their rarity.
Probabilities come from scores of folds that were left out, each by patient
(docs/decisions/0007-appearances.md has what else was tried).
"""

import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from diagnosis.inference.appearances import COLUMNS, AppearanceHead

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
EPSILON = 1e-3
"""Added to the standard deviation of each input."""


@dataclass(frozen=True)
class AppearanceConfig:
    """ridge: on inputs of unit variance, each block divided by its width. folds: for the calibration, by group."""

    ridge: float = 25.0
    folds: int = 3
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ReadPictures:
    """inputs (n, d) as the served head reads them (head_inputs); blocks: widths, which add up to d.

    appearances (n,): index in COLUMNS. groups (n,): pictures of one patient, and near duplicates, share a number.
    """

    inputs: NDArray[np.float32]
    blocks: Sequence[int]
    appearances: Rows
    groups: Rows

    def some(self, rows: Rows) -> "ReadPictures":
        return ReadPictures(self.inputs[rows], self.blocks, self.appearances[rows], self.groups[rows])


def fit_appearances(pictures: ReadPictures, config: AppearanceConfig) -> AppearanceHead:
    """Raises ValueError where one of the four is absent."""
    if len(set(pictures.appearances.tolist())) < len(COLUMNS):
        raise ValueError(f"Readings of all kinds are needed: {', '.join(COLUMNS)}.")
    slope, shifts = _calibrated(_left_out_scores(pictures, config), pictures.appearances)
    weights, bias = _ridge(pictures, config.ridge)
    return AppearanceHead((weights * slope).astype(np.float32), (bias * slope + shifts).astype(np.float32))


def probabilities(head: AppearanceHead, inputs: NDArray[np.float32]) -> Floats:
    """(n, 4) in the order of COLUMNS."""
    return np.asarray(softmax((inputs @ head.weights + head.bias).astype(np.float64), axis=1))


def _left_out_scores(pictures: ReadPictures, config: AppearanceConfig) -> Floats:
    """(n, 4): of each picture by a head that has seen none of its fold."""
    drawn = [zlib.crc32(f"{config.seed} {group}".encode()) % config.folds for group in pictures.groups]
    scores = np.zeros((len(drawn), len(COLUMNS)))
    for fold in range(config.folds):
        apart = np.array(drawn) == fold
        weights, bias = _ridge(pictures.some(np.flatnonzero(~apart)), config.ridge)
        scores[apart] = pictures.inputs[apart] @ weights + bias
    return scores


def _ridge(pictures: ReadPictures, ridge: float) -> tuple[Floats, Floats]:
    """Weights (d, 4) and bias (4,) on the inputs as they are; solved in the space of pictures, which are fewer."""
    mean = pictures.inputs.mean(axis=0)
    scale = (pictures.inputs.std(axis=0) + EPSILON) * np.sqrt(np.repeat(pictures.blocks, pictures.blocks))
    standard = (pictures.inputs - mean) / scale
    counts = np.bincount(pictures.appearances, minlength=len(COLUMNS))
    importance = np.sqrt(counts.mean() / np.maximum(counts, 1))[pictures.appearances]
    kernel = (standard @ standard.T).astype(np.float64) + np.diag(ridge / importance)
    wanted = np.eye(len(COLUMNS))[pictures.appearances] - 1 / len(COLUMNS)
    weights = standard.T @ solve(kernel, wanted, assume_a="pos") / scale[:, None]
    return weights, 1 / len(COLUMNS) - mean @ weights


def _calibrated(scores: Floats, truth: Rows) -> tuple[float, Floats]:
    """A slope for all and a shift for each, of the least log loss: temperature and bias (Guo et al., ICML 2017)."""

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logs = log_softmax(scores * parameters[0] + parameters[1:], axis=1)
        error = np.exp(logs)
        error[np.arange(len(truth)), truth] -= 1
        slope = float((error * scores).sum()) / len(truth)
        return -float(logs[np.arange(len(truth)), truth].mean()), np.append(slope, error.mean(axis=0))

    found = minimize(loss, np.append(4.0, np.zeros(len(COLUMNS))), jac=True, method="L-BFGS-B")
    return float(found.x[0]), found.x[1:] - found.x[1:].mean()
