"""Opacities in the lungs, whatever their cause: yes, unclear or no, and a map of where.

A linear layer on the network's maps was trained on boxes that radiologists drew (training/network/opacity.py). It
knows what is seen and not COVID-19 from another pneumonia.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import OpacityAnswer


@dataclass(frozen=True)
class Opacities:
    """probability: calibrated, 0..1. map: (rows, cols) float32 in 0..1, stretched over the whole picture."""

    answer: OpacityAnswer
    probability: float
    map: np.ndarray


def mean_over_lungs(cells: np.ndarray, lungs: np.ndarray) -> float:
    """cells: (rows, cols) of the lungs' view. lungs: (rows, cols), the share of each cell that is lung.

    The mean of all cells where no lung was found.
    """
    inside = float(lungs.sum())
    return float((cells * lungs).sum() / inside) if inside > 0 else float(cells.mean())


def lung_shares(mask: np.ndarray, edges: tuple[float, float, float, float], rows: int) -> NDArray[np.float32]:
    """The share of lung in each of rows x rows cells of a view.

    mask: (height, width) bool over the whole picture. edges: left, top, right, bottom of the view, 0..1 of the picture.
    """
    height, width = mask.shape
    left, top, right, bottom = edges
    fine = 8 * rows
    x = np.clip((left + (np.arange(fine) + 0.5) / fine * (right - left)) * width, 0, width - 1).astype(int)
    y = np.clip((top + (np.arange(fine) + 0.5) / fine * (bottom - top)) * height, 0, height - 1).astype(int)
    inside = mask[np.ix_(y, x)].reshape(rows, 8, rows, 8)
    return inside.mean(axis=(1, 3)).astype(np.float32)
