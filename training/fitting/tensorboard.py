"""TensorBoard's event files: a run's losses and final figures as scalars, without the package tensorboard.

An event file is TFRecords of `Event` messages; TensorFlow has both. Watch it with `tensorboard --logdir DIR`.
"""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np


class ScalarWriter:
    """Writes scalars below `folder`; each run and stage has a folder of its own, which TensorBoard shows as a curve."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        self._messages = tf.compat.v1
        self._file = tf.io.TFRecordWriter(str(folder / name))
        self._write(file_version="brain.Event:2")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        message = self._messages.Summary
        pairs = [message.Value(tag=name, simple_value=float(value)) for name, value in values.items()]
        self._write(step=step, summary=message(value=pairs))
        self._file.flush()

    def _write(self, **fields: Any) -> None:
        self._file.write(self._messages.Event(wall_time=time.time(), **fields).SerializeToString())

    def close(self) -> None:
        self._file.close()


class EpochScalars(keras.callbacks.Callback):
    """Loss and accuracy of training and validation, and the learning rate, once an epoch."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.writer = ScalarWriter(self.folder)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        rate = {"learning_rate": np.asarray(self.model.optimizer.learning_rate)}
        self.writer.add(epoch + 1, dict(logs or {}) | rate)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.writer.close()


def write_figures(folder: Path, figures: Mapping[str, float]) -> None:
    """What the finished version reached, at step 0."""
    writer = ScalarWriter(folder)
    writer.add(0, figures)
    writer.close()
