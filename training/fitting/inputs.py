"""What the trained part of a network reads: rows of cached features, or, without a cache, the images themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from diagnosis.findings import USUAL_CLASSES, Classes
from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.preprocessing import preprocess
from training.data.augmentation import augmented
from training.data.classes import truth_of
from training.data.dataset import Sample, read_image
from training.data.splits import Split
from training.fitting.features import FeatureStore, View, store_for
from training.fitting.parts import Shard, check_no_shard, fill_in_parts
from training.fitting.recipe import Recipe
from training.fitting.trainer import StageData
from training.network.architecture import CutNetwork, cut_network, head_model

AT_ONCE = 64
"""Rows that pass through a model at once outside training."""


class CachedInputs:
    """Rows of the frozen part's features, computed once and kept on disk."""

    def __init__(self, network: keras.Model, recipe: Recipe, cache: Path, shard: Shard | None = None) -> None:
        self.network, self.recipe, self.shard = network, recipe, shard
        self.cut: CutNetwork = cut_network(network, recipe.unfreeze if recipe.fine_tune_epochs else 0)
        self.store: FeatureStore = store_for(cache, self.cut.frozen, recipe.preprocessing)
        self._pooled: np.ndarray | None = None

    def prepare(self, split: Split, on_progress: Callable[[int, int], None]) -> None:
        """Compute what the store lacks of every image that the run uses. Raises NotEnoughSpace before any work."""
        used = [*split.validation, *split.test_part, *split.test]
        views = [view_of(sample, 0, self.recipe.preprocessing) for sample in used]
        for sample in split.train:
            views += [view_of(sample, number, self.recipe.preprocessing) for number in range(self.recipe.views + 1)]
        views += [view_of(sample, 1, self.recipe.preprocessing) for sample in self.paired(split)]
        fill_in_parts(self.store, self.cut.frozen, views, on_progress, None, self.shard)
        check_no_shard(self.shard)

    def rows(self, samples: Sequence[Sample], views: int = 0) -> np.ndarray:
        """(samples, views + 1) row numbers."""
        return np.array([[self.store.rows[view_key(sample, n)] for n in range(views + 1)] for sample in samples])

    def paired(self, split: Split) -> list[Sample]:
        """The training images whose first augmented view the discriminant also reads."""
        if self.recipe.fit != "discriminant" or not self.recipe.discriminant.augmentation_weight:
            return []
        return spread_over_sources(split.train, self.recipe.discriminant.augmented_images)

    def changes(self, split: Split) -> np.ndarray:
        """What the head's input of those views differs by from that of their images, (images, features) float64."""
        rows = self.rows(self.paired(split), views=1).astype(int).reshape(-1, 2)
        return self.pooled()[rows[:, 1]].astype(float) - self.pooled()[rows[:, 0]]

    def stage_data(self, stage: int, split: Split) -> StageData:
        return StageData(
            tensors=self._boundary() if stage == 2 else [self.pooled()],
            train_rows=self.rows(split.train, self.recipe.views),
            train_labels=labels_of(split.train, split.classes),
            validation_rows=self.rows(split.validation),
            validation_labels=labels_of(split.validation, split.classes),
        )

    def trained_part(self, stage: int) -> keras.Model:
        """The model that a stage fits on its data; it shares its weights with the network."""
        return self.cut.tail if stage == 2 else head_model(self.network)

    def pooled(self) -> np.ndarray:
        """The head's input for every row of the store, (rows, features) float32."""
        if self._pooled is None:
            self._pooled = run_in_batches(self.cut.pooled, self._boundary(), np.arange(len(self.store.rows)))
        return self._pooled

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        """Raw probabilities of each sample, (n, classes) float64."""
        return run_in_batches(self.cut.tail, self._boundary(), self.rows(samples)[:, 0]).astype(float)

    def _boundary(self) -> list[np.ndarray]:
        return [self.store.tensors(index) for index in range(len(self.store.shapes))]


class ImageInputs:
    """No cache: every epoch decodes the images and runs the whole network, as plain ``model.fit`` does."""

    def __init__(self, network: keras.Model, recipe: Recipe) -> None:
        self.network, self.recipe = network, recipe

    def prepare(self, split: Split, on_progress: Callable[[int, int], None]) -> None:
        self.images = ImageRows(self.recipe.preprocessing)

    def rows(self, samples: Sequence[Sample], views: int = 0) -> np.ndarray:
        return self.images.add(samples, views)

    def stage_data(self, stage: int, split: Split) -> StageData:
        return StageData(
            tensors=[self.images],
            train_rows=self.rows(split.train, self.recipe.views),
            train_labels=labels_of(split.train, split.classes),
            validation_rows=self.rows(split.validation),
            validation_labels=labels_of(split.validation, split.classes),
        )

    def trained_part(self, stage: int) -> keras.Model:
        return self.network

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return run_in_batches(self.network, [self.images], self.rows(samples)[:, 0]).astype(float)


@dataclass
class ImageRows:
    """Images that are decoded when their row is asked for."""

    preprocessing: Preprocessing

    def __post_init__(self) -> None:
        self.views: list[View] = []

    def add(self, samples: Sequence[Sample], views: int) -> np.ndarray:
        """(samples, views + 1) new row numbers."""
        first = len(self.views)
        self.views += [view_of(sample, n, self.preprocessing) for sample in samples for n in range(views + 1)]
        return np.arange(first, len(self.views)).reshape(len(samples), views + 1)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return np.stack([self.views[row].load() for row in rows])


def spread_over_sources(samples: Sequence[Sample], count: int) -> list[Sample]:
    """At most `count` samples, the same number of each source of a class; always the same ones."""
    groups: dict[tuple[int, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.content_key):
        groups.setdefault((sample.label, sample.source or ""), []).append(sample)
    return [sample for members in groups.values() for sample in members[: count // len(groups)]]


def view_key(sample: Sample, number: int) -> str:
    return f"{sample.content_key} {number}"


def view_of(sample: Sample, number: int, preprocessing: Preprocessing) -> View:
    """One image under one augmentation (0: none), decoded only when it is loaded."""

    def load() -> np.ndarray:
        return preprocess(augmented(read_image(sample.path).pixels, sample.content_key, number), preprocessing)

    return View(view_key(sample, number), load)


def labels_of(samples: Sequence[Sample], classes: Classes = USUAL_CLASSES) -> np.ndarray:
    """Class indices (n,), or where a picture may have several classes (n, classes) float32 of 0 and 1."""
    if classes.is_multi_label:
        return truth_of(samples, classes).astype(np.float32)
    return np.array([sample.label for sample in samples], dtype=np.int64)


def run_in_batches(model: keras.Model, tensors: Sequence[Any], rows: np.ndarray) -> np.ndarray:
    """The model's output for some rows of its inputs, (rows, ...) float32, in batches of bounded memory."""
    outputs = []
    for start in range(0, len(rows), AT_ONCE):
        inputs = [tensor[rows[start : start + AT_ONCE]] for tensor in tensors]
        outputs.append(model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0]))
    return np.concatenate(outputs)
