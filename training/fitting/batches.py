"""Batches of cached features, or of images: their order depends on the seed and the epoch only."""

import math
from collections.abc import Sequence
from typing import Protocol

import keras
import numpy as np

Inputs = tuple[np.ndarray, ...] | np.ndarray


class RowSource(Protocol):
    """A feature map on disk, or images that are decoded when they are asked for."""

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray: ...


class FeatureBatches(keras.utils.PyDataset):
    """Batches of boundary tensors in an order that depends on the seed and the epoch only.

    With several views of an image each epoch draws one of them.
    """

    def __init__(
        self,
        tensors: Sequence[RowSource],
        rows: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        seed: int | None,
    ) -> None:
        super().__init__()
        self.tensors, self.labels, self.batch_size, self.seed = tensors, labels, batch_size, seed
        self.rows = rows if rows.ndim == 2 else rows[:, None]
        self.start_epoch(1)

    def start_epoch(self, epoch: int) -> None:
        """Draw the order and the views of an epoch, counted from 1 as in the history."""
        self.order, self.view = np.arange(len(self.labels)), np.zeros(len(self.labels), int)
        if self.seed is not None:
            rng = np.random.default_rng((self.seed, epoch))
            self.order = rng.permutation(len(self.labels))
            self.view = rng.integers(self.rows.shape[1], size=len(self.labels))

    def __len__(self) -> int:
        return math.ceil(len(self.labels) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[Inputs, np.ndarray]:
        return self._of(self._images(index))

    def share(self, index: int, number: int, of: int) -> tuple[Inputs, np.ndarray, float]:
        """The part of a batch that one machine of several reads, and which fraction of it that is.

        A batch of fewer images than machines is read by all of them, since a layer may not take an empty one.
        """
        images = self._images(index)
        mine = np.array_split(images, of)[number] if len(images) >= of else images
        return *self._of(mine), len(mine) / len(images) if len(images) >= of else 1 / of

    def size(self, index: int) -> int:
        """How many images a batch has."""
        return len(self._images(index))

    def _images(self, index: int) -> np.ndarray:
        return self.order[index * self.batch_size : (index + 1) * self.batch_size]

    def _of(self, images: np.ndarray) -> tuple[Inputs, np.ndarray]:
        rows = self.rows[images, self.view[images]]
        inputs = tuple(np.asarray(tensor[rows]) for tensor in self.tensors)
        return (inputs if len(inputs) > 1 else inputs[0]), self.labels[images]
