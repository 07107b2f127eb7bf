"""Features of both views of many radiographs, computed once and kept on disk; maps only where boxes are.

A view of a picture is a row of a feature store (training/fitting/features.py): a run that was interrupted goes on where
it stopped, and other recipes use the same rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from diagnosis.inference.preprocessing import preprocess
from diagnosis.inference.views import VIEWS, cropped, lungs_view
from training.data.dataset import Sample, read_image
from training.data.randomisation import randomised, rng_of
from training.evaluation.steadiness import HANDLINGS
from training.fitting.features import FeatureStore, View
from training.fitting.general import ViewFeatures
from training.network.opacity import enlarged

FindLungs = Callable[[np.ndarray], Box | None]
"""Grey pixels (rows, cols) uint8 -> the box around both lungs, None where none are found."""
Pixels = NDArray[np.uint8]
PLAIN = "plain"
COPIES = tuple(HANDLINGS)[:4]
"""Handlings that the head is kept from following; equalisation leaves nothing of the others."""


@dataclass(frozen=True)
class TwoViews:
    """Makes the views of a picture that a store lacks. randomised copies are named "randomised 1", "randomised 2" …"""

    find_lungs: FindLungs
    preprocessing: Preprocessing

    def views(self, sample: Sample, copy: str = PLAIN) -> list[View]:
        """Whole picture and lungs of one copy of a picture: itself, handled mildly, or randomised."""
        return [View(key_of(sample, view, copy), self._loader(sample, view, copy)) for view in VIEWS]

    def _loader(self, sample: Sample, view: str, copy: str) -> Callable[[], np.ndarray]:
        def load() -> np.ndarray:
            pixels = read_image(sample.path).pixels
            if copy.startswith("randomised"):
                return self._randomised(pixels, sample, view, copy)
            handled = pixels if copy == PLAIN else HANDLINGS[copy](pixels)
            return preprocess(cropped(handled, self._box(handled, view)), self.preprocessing)

        return load

    def _randomised(self, pixels: Pixels, sample: Sample, view: str, copy: str) -> np.ndarray:
        rng = rng_of(f"{sample.content_key} {view}", int(copy.split()[1]))
        return preprocess(randomised(pixels, self._box(pixels, view), rng), self.preprocessing)

    def _box(self, pixels: Pixels, view: str) -> Box:
        return lungs_view(self.find_lungs(pixels)) if view == "lungs" else WHOLE_PICTURE


def key_of(sample: Sample, view: str, copy: str = PLAIN) -> str:
    return f"{sample.content_key} {view} {copy}"


def rows_of(store: FeatureStore, samples: Sequence[Sample], view: str, copy: str = PLAIN) -> NDArray[np.int64]:
    """Row numbers (n,) of the store. Raises KeyError for a view that it lacks."""
    return np.array([store.rows[key_of(sample, view, copy)] for sample in samples], dtype=np.int64)


def remembered(find_lungs: FindLungs) -> FindLungs:
    """The same, asked once for each picture: the last boxes are kept by the pixels' bytes."""
    last: dict[bytes, Box | None] = {}

    def find(pixels: np.ndarray) -> Box | None:
        key = pixels.tobytes()
        if key not in last:
            if len(last) > 16:
                last.clear()
            last[key] = find_lungs(pixels)
        return last[key]

    return find


def features_of(store: FeatureStore, learned: Sequence[Sample], copied: Sequence[Sample]) -> ViewFeatures:
    """Both views of the samples, and what the handled copies of some of them differ by."""
    values = store.tensors(0)
    place = {sample.content_key: row for row, sample in enumerate(learned)}
    both, changes = [], []
    for view in VIEWS:
        both.append(np.asarray(values[rows_of(store, learned, view)]))
        plain = values[rows_of(store, copied, view)]
        changes.append(np.concatenate([values[rows_of(store, copied, view, copy)] - plain for copy in COPIES]))
    changed = np.tile([place[sample.content_key] for sample in copied], len(COPIES)).astype(np.int64)
    return ViewFeatures(both[0], both[1], (changes[0], changes[1]), changed)


@dataclass(frozen=True)
class StoredMaps:
    """Joined maps (n, 14, 14, channels) of some rows of a store, read when they are asked for: all are gigabytes."""

    store: FeatureStore
    rows: NDArray[np.int64]

    def __getitem__(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        maps = [self.store.tensors(index)[self.rows[chosen]] for index in range(len(self.store.shapes))]
        return np.concatenate([maps[0], *(enlarged(one, maps[0].shape[1]) for one in maps[1:])], axis=-1)
