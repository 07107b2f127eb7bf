"""Pairs of radiograph and lung mask: read from a folder, kept apart for the figures, varied for training.

``images/`` and ``masks/`` hold pictures of the same names; what comes before the first ``_`` is the collection.
"""

import random
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.dataset import DatasetError

WORKING_SIDE = 160
"""Pairs are kept at this size, in pixels, and become 96 x 96 when they are varied."""
LEARNED_FROM = "jsrt"
"""The collection with one convention for the outline (without the heart); the others are only measured on."""
KEPT_APART = 47
"""Pairs of it that are not learned from."""


@dataclass(frozen=True)
class Pair:
    """A radiograph and its lungs.

    grey: (160, 160) uint8, bright = dense tissue. mask: (160, 160) bool, True = lung.
    """

    name: str
    grey: np.ndarray
    mask: np.ndarray

    @property
    def collection(self) -> str:
        return self.name.split("_")[0]


@dataclass(frozen=True)
class LungData:
    """learned: what the network learns from. measured: what it is measured on, of every collection."""

    learned: tuple[Pair, ...]
    measured: tuple[Pair, ...]


def read_lung_data(folder: Path) -> LungData:
    """Raises DatasetError where the folder has no pairs, or a picture has no mask."""
    names = sorted(path.name for path in (folder / "images").glob("*.png"))
    if not names:
        raise DatasetError(f"{folder} holds no images/*.png with masks of the same names in masks/.")
    return split_pairs([read_pair(folder, name) for name in names])


def read_pair(folder: Path, name: str) -> Pair:
    """Raises DatasetError where the mask is missing."""
    mask = folder / "masks" / name
    if not mask.is_file():
        raise DatasetError(f"{folder / 'images' / name} has no mask.")
    return Pair(Path(name).stem, _resized(folder / "images" / name), _resized(mask) > 127)


def split_pairs(pairs: list[Pair]) -> LungData:
    """Keep apart the 47 pairs whose names have the smallest checksums, or a fifth of fewer pairs."""
    candidates = sorted((p for p in pairs if p.collection == LEARNED_FROM), key=lambda p: zlib.crc32(p.name.encode()))
    apart = min(KEPT_APART, len(candidates) // 5)
    others = [pair for pair in pairs if pair.collection != LEARNED_FROM]
    return LungData(tuple(candidates[apart:]), tuple(candidates[:apart] + others))


def rng_of(seed: int, step: int) -> random.Random:
    """The random numbers of one step, whatever ran before it: an interrupted run goes on with the same pictures."""
    return random.Random(zlib.crc32(f"{seed} {step}".encode()))


def _resized(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L").resize((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BILINEAR))
