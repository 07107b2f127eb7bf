"""Tuning the whole network on randomised views: AdamW at two rates, many steps, weights averaged along the way.

Two uses, one after the other: normal against abnormal within each hospital, then COVID against the rest. The head that
is trained here is thrown away; what stays is the backbone, on whose features the discriminant is fitted as on the
pretrained ones. Written with Keras alone: KERAS_BACKEND may be tensorflow, jax or torch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from diagnosis.inference.preprocessing import preprocess
from training.data.randomisation import randomised
from training.network.architecture import PIXEL_SCALE, HeadConfig, feature_maps
from training.network.discriminant import DiscriminantConfig, groups_of


@dataclass(frozen=True)
class TuningConfig:
    """learning_rate is the backbone's, head_rate the head's; both fall to zero as a cosine after `flat` of the steps.

    average: how much of the averaged weights stays at each step (an exponential moving average).
    steps_kept: a run that is interrupted goes on from its last multiple of so many steps.
    """

    steps: int = 600
    batch: int = 96
    learning_rate: float = 1e-4
    head_rate: float = 1e-3
    decay: float = 0.02
    smoothing: float = 0.06
    average: float = 0.98
    largest_gradient: float = 2.0
    flat: float = 0.3
    hidden_units: int = 512
    steps_kept: int = 20
    seed: int = 123


@dataclass(frozen=True)
class Radiographs:
    """(n,) pictures to draw from. load(row) -> (rows, cols) uint8; lungs: box of each row's lungs' view.

    labels: (n,) 0 or 1. sources: names; normal against abnormal is learned within each, so both labels weigh the same.
    """

    load: Callable[[int], NDArray[np.uint8]]
    lungs: Sequence[Box]
    labels: NDArray[np.int64]
    sources: NDArray[np.str_]

    def weights(self, config: DiscriminantConfig) -> NDArray[np.float64]:
        """How often each one is drawn, (n,): both labels alike, sources by the discriminant's weights."""
        weights = np.zeros(len(self.labels))
        for group in groups_of(self.labels, self.sources, config):
            weights[group.rows] = group.share / (2 * len(group.rows))
        return weights / weights.sum()


class RandomisedBatches(keras.utils.PyDataset):
    """Batches of randomised views, the whole picture or the lungs by turns of a coin; the same ones for one seed."""

    def __init__(
        self, pictures: Radiographs, weights: NDArray[np.float64], preprocessing: Preprocessing, config: TuningConfig
    ) -> None:
        super().__init__(workers=1)
        self.pictures, self.chances, self.preprocessing, self.config = pictures, weights, preprocessing, config
        self.epoch = 0

    def __len__(self) -> int:
        return self.config.steps_kept

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        rows = rng.choice(len(self.chances), self.config.batch, p=self.chances)
        images = np.stack([self._view(int(row), rng) for row in rows])
        return images, np.eye(2, dtype=np.float32)[self.pictures.labels[rows]]

    def _view(self, row: int, rng: np.random.Generator) -> np.ndarray:
        box = self.pictures.lungs[row] if rng.random() < 0.5 else WHOLE_PICTURE
        return preprocess(randomised(self.pictures.load(row), box, rng), self.preprocessing)


class FlatThenCosine(keras.optimizers.schedules.LearningRateSchedule):
    """The rate as it is for a share of the steps, then to zero along a cosine."""

    def __init__(self, rate: float, steps: int, flat: float) -> None:
        self.rate, self.steps, self.flat = rate, steps, flat

    def __call__(self, step: Any) -> Any:
        done = ops.cast(step, "float32") / self.steps
        falling = ops.clip((done - self.flat) / (1 - self.flat), 0.0, 1.0)
        return self.rate * (1 + ops.cos(math.pi * falling)) / 2

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "steps": self.steps, "flat": self.flat}


class TwoRates(keras.optimizers.AdamW):
    """AdamW that moves the head, variables whose path names it, `ratio` times as fast as the backbone."""

    def __init__(self, ratio: float, **options: Any) -> None:
        super().__init__(**options)
        self.ratio = ratio

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        path = self._trainable_variables[self._get_variable_index(variable)].path  # a backend's own have no path
        faster = self.ratio if "tuned_head" in path else 1.0
        super().update_step(gradient, variable, learning_rate * faster)


def tune(
    backbone: keras.Model,
    head: HeadConfig,
    pictures: Radiographs,
    weighting: DiscriminantConfig,
    preprocessing: Preprocessing,
    config: TuningConfig,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """Train the backbone in place; what `folder` holds of an interrupted run is gone on with."""
    classifier = with_new_head(backbone, head, config)
    freeze_batch_norm(backbone)
    classifier.compile(
        TwoRates(
            config.head_rate / config.learning_rate,
            learning_rate=FlatThenCosine(config.learning_rate, config.steps, config.flat),
            weight_decay=config.decay,
            global_clipnorm=config.largest_gradient,
            use_ema=True,
            ema_momentum=config.average,
        ),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.smoothing),
    )
    batches = RandomisedBatches(pictures, pictures.weights(weighting), preprocessing, config)
    classifier.fit(
        batches,
        epochs=config.steps // config.steps_kept,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(batches, "epoch", epoch)),
            keras.callbacks.BackupAndRestore(folder / "backup"),
            *callbacks,
        ],
        shuffle=False,
        verbose=0,
    )
    classifier.optimizer.finalize_variable_values(classifier.trainable_variables)


def with_new_head(backbone: keras.Model, head: HeadConfig, config: TuningConfig) -> keras.Model:
    """Image (n, size, size, 3) -> two logits: averages of the head's taps, dropout, a hidden layer, dropout."""
    image = keras.Input(backbone.input_shape[1:], name="image")
    maps = feature_maps(backbone, head)(layers.Rescaling(PIXEL_SCALE)(image))
    maps = list(maps) if isinstance(maps, list | tuple) else [maps]
    pooled = [layers.GlobalAveragePooling2D()(features) for features in maps]
    tuned_head = keras.Sequential(
        [
            layers.Dropout(0.3, seed=config.seed),
            layers.Dense(config.hidden_units, activation="relu"),
            layers.Dropout(0.5, seed=config.seed + 1),
            layers.Dense(2),
        ],
        name="tuned_head",
    )
    return keras.Model(image, tuned_head(layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]))


def freeze_batch_norm(backbone: keras.Model) -> None:
    """Batch norms stay as they are, statistics and scale; re-estimating them on radiographs costs accuracy."""
    backbone.trainable = True
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
