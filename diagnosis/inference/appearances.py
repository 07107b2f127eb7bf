"""Typical, indeterminate, atypical or negative: the words of readers (RSNA consensus), each with a probability.

Simpson et al., Radiology: Cardiothoracic Imaging 2 (2020), and Litmanovich et al., J. Thorac. Imaging 35 (2020). A
linear head on what the network has computed anyway: the features of both views, which opacities weigh, and the
opacity map of the lungs. It was trained on what readers saw, in hospitals that gave pictures to all four
(docs/decisions/0007-appearances.md); it comes with a version of format 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import Appearance
from diagnosis.inference.artifacts import APPEARANCES as WEIGHTS

COLUMNS = tuple(Appearance)
"""In the order of the head's columns, and of the page."""
COARSE = 7
"""Rows and columns to which the opacity map is reduced."""
SMALLEST = 1e-4
"""Opacities are read as log-odds: less, or more than one minus this, tells nothing more."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Finding:
    """One of the things that the model looks for. name: what pages translate. probability: calibrated, 0..1."""

    name: str
    probability: float


@dataclass(frozen=True)
class AppearanceHead:
    """log-odds = inputs @ weights + bias; weights (inputs, 4), bias (4,), float32, the calibration in them."""

    weights: Floats
    bias: Floats

    def findings(self, features: np.ndarray, quarters: np.ndarray, opacity: np.ndarray) -> tuple[Finding, ...]:
        """features (2, channels + 1), quarters (2, 2, channels) and opacity (rows, rows) of one picture -> one of each.

        Raises ModelUnavailable when the head was made for another network.
        """
        inputs = np.concatenate(head_inputs(features[None], quarters[None], opacity[None]), axis=1)
        if inputs.shape[1] != len(self.weights):
            raise ModelUnavailable(f"{WEIGHTS} was made for another network.")
        logits = (inputs @ self.weights + self.bias)[0].astype(np.float64)
        shares = np.exp(logits - logits.max())
        return tuple(
            Finding(name.value, float(share)) for name, share in zip(COLUMNS, shares / shares.sum(), strict=True)
        )

    def arrays(self) -> Mapping[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Of a version's folder. Raises ModelUnavailable when it is missing or damaged."""
        try:
            with (folder / WEIGHTS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                head = cls(*(stored[field.name].astype(np.float32) for field in fields(cls)))
        except Exception as error:  # zipfile, zlib, OSError, ValueError, KeyError: all mean that it cannot be used
            raise ModelUnavailable(f"{WEIGHTS} of model {folder.name} is missing or damaged: {error}") from error
        number = len(COLUMNS)
        if head.weights.ndim != 2 or head.weights.shape[1] != number or head.bias.shape != (number,):
            raise ModelUnavailable(f"{WEIGHTS} of model {folder.name} does not fit the {number} appearances.")
        return head


def head_inputs(features: np.ndarray, quarters: np.ndarray, opacity: np.ndarray) -> tuple[Floats, ...]:
    """What the head reads of n pictures, as blocks (n, width) float32.

    features (n, 2, channels + 1), which opacities weigh: a block for each view. quarters (n, 2, 2, channels), plain
    averages over the lungs' view, and opacity (n, rows, rows) 0..1: the left and the right of them alike.
    """
    blocks = (features[:, 0], features[:, 1], sides_alike(quarters), map_inputs(opacity))
    return tuple(np.asarray(block, np.float32) for block in blocks)


def map_inputs(opacity: np.ndarray) -> Floats:
    """Opacity (n, rows, rows) 0..1 -> (n, 56): log-odds of 7 x 7 places, of both sides together and apart."""
    bounded = np.clip(opacity, SMALLEST, 1 - SMALLEST)
    logits = np.log(bounded / (1 - bounded))
    side = logits.shape[1] // COARSE
    return sides_alike(logits.reshape(len(logits), COARSE, side, COARSE, side).mean(axis=(2, 4)))


def sides_alike(places: np.ndarray) -> Floats:
    """(n, rows, cols, ...) -> (n, width): of each place on one side the sum with its mirror image, and
    their distance.

    Which side is ill tells nothing of the appearance; whether both are tells much.
    """
    half = (places.shape[2] + 1) // 2
    left, right = places[:, :, :half], places[:, :, ::-1][:, :, :half]
    both = np.stack([left + right, np.abs(left - right)], axis=1)
    return np.asarray(both.reshape(len(both), -1), np.float32)
