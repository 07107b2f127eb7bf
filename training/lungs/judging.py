"""Figures of the lung U-Net: Dice by collection, with the worst pictures by name."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from diagnosis.inference.lungs import lung_input, read_lung_fields
from training.lungs.data import WORKING_SIDE, Pair

Predict = Callable[[np.ndarray], np.ndarray]
"""(n, 96, 96, 1) float32 -> (n, 96, 96, 1) float32, probability of lung."""
WORST = 3


@dataclass(frozen=True)
class Score:
    """dice: of the two lungs that serving would show, against the mask, at 160 x 160."""

    name: str
    collection: str
    dice: float


def scores_of(predict: Predict, pairs: Sequence[Pair]) -> list[Score]:
    """One score for each pair, in their order."""
    return [Score(pair.name, pair.collection, dice_of(lungs_of(predict, pair.grey), pair.mask)) for pair in pairs]


def lungs_of(predict: Predict, pixels: np.ndarray) -> np.ndarray:
    """(160, 160) bool: the lungs in the picture as serving finds them, enlarged."""
    fields = read_lung_fields(predict(lung_input(pixels)[None])[0, :, :, 0])
    kept = np.where(fields.mask, fields.probability, np.minimum(fields.probability, 0.49))
    large = Image.fromarray(kept.astype(np.float32)).resize((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(large) >= 0.5


def dice_of(one: np.ndarray, other: np.ndarray) -> float:
    """2 |A and B| / (|A| + |B|) of two masks (Dice 1945); 1 for two empty ones."""
    sizes = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / sizes if sizes else 1.0


def by_collection(scores: Sequence[Score]) -> dict[str, Any]:
    """For the card: number, mean, lowest and the worst names of each collection."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups[score.collection].append(score)
    return {name: _summary(group) for name, group in sorted(groups.items())}


def _summary(scores: list[Score]) -> dict[str, Any]:
    dice = [score.dice for score in scores]
    worst = sorted(scores, key=lambda score: score.dice)[:WORST]
    return {
        "pairs": len(scores),
        "mean_dice": round(float(np.mean(dice)), 4),
        "lowest_dice": round(min(dice), 4),
        "worst": [score.name for score in worst],
    }
