"""Where opacities are: a linear layer on the last feature maps, trained on the boxes that readers drew.

For each cell of the lungs' view: the share of it that lies inside a box, 0 everywhere for a negative reading. The layer
sees no more than a network trained for COVID computes anyway, and says *where something is seen*; it does not know
COVID-19 from another pneumonia.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from diagnosis.inference.lungs import Box
from diagnosis.inference.two_view_graph import resize_matrix

Floats = NDArray[np.float32]
EPSILON = 1e-6
BETAS = (0.9, 0.999)
FINEST_ROWS = 14


class Maps(Protocol):
    """Feature maps of many pictures: maps[rows] is (len(rows), 14, 14, channels); they may lie on disk."""

    def __getitem__(self, rows: NDArray[np.int64], /) -> np.ndarray: ...


@dataclass(frozen=True)
class OpacityConfig:
    """AdamW's (Loshchilov and Hutter, ICLR 2019); outside: weight of a cell that lies outside the lungs."""

    learning_rate: float = 1e-3
    decay: float = 0.3
    passes: int = 6
    batch: int = 32
    outside: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class OpacityLayer:
    """logit of a cell = (map - mean) / scale @ kernel + bias; mean, scale, kernel: (channels,) float32."""

    mean: Floats
    scale: Floats
    kernel: Floats
    bias: float

    def folded(self) -> tuple[Floats, float]:
        """Kernel (channels,) and bias of the same layer on maps as they are."""
        kernel = self.kernel / self.scale
        return kernel.astype(np.float32), float(self.bias - self.mean @ kernel)

    def logits(self, maps: np.ndarray) -> Floats:
        """(n, rows, cols, channels) -> (n, rows, cols) float32."""
        kernel, bias = self.folded()
        return np.asarray(maps.astype(np.float32) @ kernel + np.float32(bias), np.float32)


def cells_inside(boxes: Sequence[Box], view: Box, rows: int = FINEST_ROWS) -> Floats:
    """Share, 0..1, of each of rows x rows cells of a view that lies inside any of the boxes (both of the picture)."""
    fine = 8 * rows
    covered = np.zeros((fine, fine), bool)
    for box in boxes:
        left, right = ((edge - view.left) / view.width * fine for edge in (box.left, box.right))
        top, bottom = ((edge - view.top) / view.height * fine for edge in (box.top, box.bottom))
        covered[_steps(top, bottom, fine), _steps(left, right, fine)] = True
    return covered.reshape(rows, 8, rows, 8).mean(axis=(1, 3)).astype(np.float32)


def fit_opacity(
    maps: Maps,
    targets: Floats,
    lungs: Floats,
    config: OpacityConfig,
    weights: Floats | None = None,
) -> OpacityLayer:
    """Fit on maps, targets (n, 14, 14) 0..1 and lungs (n, 14, 14), the share of each cell that is lung.

    weights: (n,), how much each picture counts; all the same by default. Cross-entropy over cells.
    """
    number = len(targets)
    mean, scale = _moments(maps, number)
    cell_weights = np.where(lungs > 0, 1.0, config.outside).astype(np.float32)
    if weights is not None:
        cell_weights *= (weights / weights.mean())[:, None, None]
    share = float(np.average(targets, weights=cell_weights))
    steps = AdamW(len(mean) + 1, config, -(-number // config.batch) * config.passes)
    steps.values[-1] = np.log((share + EPSILON) / (1 - share + EPSILON))
    for rows in _batches(number, config):
        standard = (maps[rows].astype(np.float32) - mean) / scale
        error = expit(standard @ steps.values[:-1] + steps.values[-1]) - targets[rows]
        error = error * cell_weights[rows] / cell_weights[rows].sum()
        steps.step(np.append(np.tensordot(error, standard, 3), error.sum()))
    return OpacityLayer(mean, scale, steps.values[:-1].copy(), float(steps.values[-1]))


class AdamW:
    """The values of a linear layer, its bias last and without decay; the rate falls to zero along a cosine."""

    def __init__(self, size: int, config: OpacityConfig, total: int) -> None:
        self.values = np.zeros(size, np.float32)
        self.first, self.second = np.zeros(size, np.float32), np.zeros(size, np.float32)
        self.config, self.total, self.done = config, total, 0

    def step(self, gradient: Floats) -> None:
        rate = self.config.learning_rate * (1 + np.cos(np.pi * self.done / self.total)) / 2
        self.done += 1
        self.first = np.float32(BETAS[0]) * self.first + np.float32(1 - BETAS[0]) * gradient
        self.second = np.float32(BETAS[1]) * self.second + np.float32(1 - BETAS[1]) * gradient**2
        first, second = (m / (1 - b**self.done) for m, b in zip((self.first, self.second), BETAS, strict=True))
        self.values[:-1] *= 1 - rate * self.config.decay
        self.values -= (rate * first / (np.sqrt(second) + 1e-8)).astype(np.float32)


def enlarged(coarse: np.ndarray, rows: int = FINEST_ROWS) -> Floats:
    """Maps (n, 7, 7, channels) -> (n, 14, 14, channels), bilinear, as Keras resizes: cell centres, edges repeated."""
    matrix = resize_matrix(coarse.shape[1], rows)
    return np.einsum("ri,nijc,sj->nrsc", matrix, coarse.astype(np.float32), matrix, optimize=True)


def _steps(low: float, high: float, fine: int) -> slice:
    return slice(max(round(low), 0), min(max(round(high), 0), fine))


def _batches(number: int, config: OpacityConfig) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(config.seed)
    for _ in range(config.passes):
        order = rng.permutation(number)
        for start in range(0, number, config.batch):
            yield np.sort(order[start : start + config.batch])


def _moments(maps: Maps, number: int, at_most: int = 400) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each channel, on evenly spread pictures."""
    rows = np.unique(np.linspace(0, number - 1, min(number, at_most)).astype(np.int64))
    seen = maps[rows].astype(np.float32)
    cells = seen.reshape(-1, seen.shape[-1])
    return cells.mean(axis=0), cells.std(axis=0) + np.float32(EPSILON)
