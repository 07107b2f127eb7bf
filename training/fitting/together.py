"""A stage of training on several machines: a loop with strategy.run, because model.fit fails under it in Keras 3.15.

The result is that of one machine: the same batches in the same order, of which each machine reads a part, the gradient
of the whole batch, and batch norms that see all of it (frozen ones stay as they are). Only dropout draws otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from training.fitting.batches import FeatureBatches
from training.fitting.machines import Machines, sentences
from training.network.tensors import flat_layers

FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


class Together:
    """Steps of a compiled model on all machines, whose weights are the same before and after each of them.

    several: a picture may have several classes. weights: of each class in the loss; None: all alike.
    """

    def __init__(
        self, part: keras.Model, machines: Machines, several: bool, weights: Mapping[int, float] | None
    ) -> None:
        import tensorflow as tf

        self.part, self.machines, self.weights = part, machines, weights
        self.accuracy = keras.metrics.binary_accuracy if several else keras.metrics.sparse_categorical_accuracy
        self._train = tf.function(self._train_step, reduce_retracing=True)
        self._judge = tf.function(self._judge_step, reduce_retracing=True)

    def epoch(self, batches: FeatureBatches) -> np.ndarray:
        """Train on every batch once: mean loss and accuracy, (2,)."""
        return self._over(batches, self._train, self.weights)

    def judged(self, batches: FeatureBatches) -> np.ndarray:
        """Loss and accuracy of pictures that are not trained on, (2,)."""
        return self._over(batches, self._judge, None)

    def _over(self, batches: FeatureBatches, step: Any, weights: Mapping[int, float] | None) -> np.ndarray:
        place, total = self.machines.place, np.zeros(2)
        for index in range(len(batches)):
            inputs, labels, fraction = batches.share(index, place.number, place.of)
            weighing = [weights[int(label)] for label in labels] if weights else np.ones(len(labels))
            figures = step(inputs, labels, np.asarray(weighing, np.float32), np.float32(fraction))
            total += batches.size(index) * np.array([float(figure) for figure in figures])
        return total / len(batches.labels)

    def _train_step(self, *batch: Any) -> Any:
        variables, optimizer = self.part.trainable_variables, self.part.optimizer
        *figures, gradients = self.machines.strategy.run(self._gradients, args=batch)
        # Outside of the strategy, which would sum them again: every machine takes the same step.
        optimizer.apply(gradients, variables)
        return figures

    def _gradients(self, inputs: Any, labels: Any, weighing: Any, fraction: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            figures = self._figures(inputs, labels, weighing, fraction, training=True)
            loss = self.part.optimizer.scale_loss(figures[0])
        gradients = tape.gradient(loss, self.part.trainable_variables)
        loss, accuracy, *summed = self.machines.sums([*figures, *gradients])
        return loss, accuracy, summed

    def _judge_step(self, *batch: Any) -> Any:
        return self.machines.strategy.run(self._judged, args=batch)

    def _judged(self, inputs: Any, labels: Any, weighing: Any, fraction: Any) -> Any:
        return self.machines.sums(self._figures(inputs, labels, weighing, fraction, training=False))

    def _figures(self, inputs: Any, labels: Any, weighing: Any, fraction: Any, training: bool) -> list[Any]:
        """What this machine's part adds to loss and accuracy of the batch, of which it is a fraction."""
        answers = self.part(inputs, training=training)
        # Keras gives the mean over this part, divided by the number of replicas, which is that of machines.
        loss = self.part.compute_loss(inputs, labels, answers, weighing, training=training) * self.machines.place.of
        right = keras.ops.mean(keras.ops.cast(self.accuracy(labels, answers), "float32"))
        return [loss * fraction, right * fraction]


def fit_together(
    together: Together,
    train: FeatureBatches,
    validation: FeatureBatches,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """What ``fit`` does with these callbacks; what one of them loads on the chief, all machines go on from."""
    part, machines = together.part, together.machines
    called = keras.callbacks.CallbackList([*callbacks], model=part)
    part.stop_training = False
    part._initial_epoch = 0  # BackupAndRestore says here where it goes on
    part.optimizer.build(part.trainable_variables)
    with sentences(machines.place), batch_norms_of_all(part):
        called.on_train_begin()
        first = int(machines.told(np.array(part._initial_epoch or 0, np.int64)))
        machines.share_variables([*part.weights, *part.optimizer.variables])
        draw_apart(part, machines.place.number)
        for epoch in range(first, epochs):
            called.on_epoch_begin(epoch)
            figures = (*together.epoch(train), *together.judged(validation))
            called.on_epoch_end(epoch, dict(zip(FIGURES, figures, strict=True)))
            if part.stop_training:
                break
        called.on_train_end()


@contextmanager
def batch_norms_of_all(part: keras.Model) -> Iterator[None]:
    """Let batch norms that are trained see the whole batch and not a machine's share of it."""
    norms = [layer for layer in flat_layers(part) if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.synchronized for layer in norms]
    try:
        for layer in norms:
            layer.synchronized = True
        yield
    finally:
        for layer, value in zip(norms, before, strict=True):
            layer.synchronized = value


def draw_apart(part: keras.Model, number: int) -> None:
    """Let each machine's dropout draw numbers of its own."""
    for layer in flat_layers(part):
        if (generator := getattr(layer, "seed_generator", None)) is not None:
            seed, drawn = np.asarray(generator.state)
            generator.state.assign(np.array([seed + 1000 * number, drawn], np.uint32))
