"""Is the map's highest point inside a box that a reader drew, and how much of its heat is? By reading."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnosis.inference.lungs import Box
from training.evaluation.leave_out import weighted_auc
from training.network.opacity import cells_inside

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class BoxFigures:
    """Of the pictures of one reading that have boxes, shares 0..1.

    peak_inside: of pictures whose highest cell lies in a box. heat_inside: mean share of the map's sum in boxes.
    chance: mean share of the lungs' cells in boxes: what a map that knows nothing would give for both.
    """

    reading: str
    pictures: int
    peak_inside: float
    heat_inside: float
    chance: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def box_figures(
    reading: str, maps: Floats, boxes: Sequence[Sequence[Box]], views: Sequence[Box], lungs: Floats | None = None
) -> BoxFigures | None:
    """maps (n, rows, rows) >= 0 of the views; lungs (n, rows, rows): cells outside, 0, count not. None without boxes.

    A cell is inside when its centre is, which is when at least half of it is covered.
    """
    rows = [_one(*each) for each in zip(maps, boxes, views, _all_or(lungs, maps), strict=True) if each[1]]
    if not rows:
        return None
    peak, heat, chance = np.mean(rows, axis=0)
    return BoxFigures(reading, len(rows), float(peak), float(heat), float(chance))


def typical_against_negative(scores: NDArray[np.float64], readings: Sequence[str]) -> float:
    """ROC AUC of a number per picture, such as the map's mean over the lungs: typical against negative readings."""
    read = np.array(readings)
    used = np.isin(read, ("typical", "negative"))
    return weighted_auc(read[used] == "typical", scores[used])


def lungs_mean(maps: Floats, lungs: Floats) -> Floats:
    """(n, rows, rows), twice -> (n,): the average over the lungs, weighted by the share of each cell that is lung."""
    inside = lungs.sum(axis=(1, 2))
    everywhere = maps.mean(axis=(1, 2))
    weighted = (maps * lungs).sum(axis=(1, 2)) / np.maximum(inside, 1e-6)
    return np.where(inside > 0, weighted, everywhere).astype(np.float32)


def _one(values: Floats, boxes: Sequence[Box], view: Box, lungs: Floats) -> tuple[float, float, float]:
    inside, lung = cells_inside(boxes, view, len(values)), lungs > 0
    seen = np.where(lung, values, 0)
    peak = np.unravel_index(np.argmax(np.where(lung, values, -np.inf)), values.shape)
    heat = float((seen * inside).sum() / seen.sum()) if seen.sum() else 0.0
    return float(inside[peak] >= 0.5), heat, float(inside[lung].mean())


def _all_or(lungs: Floats | None, maps: Floats) -> Floats:
    """Where there is no mask, every cell counts."""
    if lungs is None:
        return np.ones_like(maps)
    return np.where(lungs.any(axis=(1, 2), keepdims=True), lungs, np.float32(1))
