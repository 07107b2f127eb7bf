"""Two stages of training on cached features: the head alone, then the head and the last layers of the backbone.

The same network, losses and order of batches as ``model.fit`` on images would give; a test compares the two.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.fitting.batches import FeatureBatches, RowSource
from training.fitting.machines import Machines
from training.fitting.recipe import Recipe
from training.fitting.together import Together, fit_together
from training.network.architecture import set_trainable
from training.network.tensors import assign_tensors, flat_layers, load_tensors, named_tensors

PATIENCE = {1: 5, 2: 7}
"""Epochs without a lower validation loss after which a stage stops, as in the paper."""
REDUCE_FACTOR, REDUCE_PATIENCE = 0.2, 3


@dataclass(frozen=True)
class Epoch:
    """One row of history.csv; losses and accuracies as Keras reports them."""

    stage: int
    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float


@dataclass(frozen=True)
class StageData:
    """What one stage trains on: the tensors that its trained part reads, which rows are whose, and the labels.

    tensors: anything that gives arrays for row numbers. train_rows: (images, views), the row of each image under
    each view. validation_rows: (images,).
    """

    tensors: Sequence[RowSource]
    train_rows: np.ndarray
    train_labels: np.ndarray
    validation_rows: np.ndarray
    validation_labels: np.ndarray


class RunFolder:
    """Where a run keeps what it has done, so that ``--resume`` can go on: history, finished stages, the best so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def begun_as(self, identity: str) -> str:
        """What this run was begun as: ``identity`` the first time, and the same ever after."""
        path = self.path / "begun_as"
        if not path.exists():
            path.write_text(identity)
        return path.read_text()

    def read_history(self) -> list[Epoch]:
        """One row for each epoch; an epoch that an interruption made the run repeat counts once."""
        if not (self.path / "history.jsonl").exists():
            return []
        rows = [Epoch(**json.loads(line)) for line in (self.path / "history.jsonl").read_text().splitlines()]
        return list({(row.stage, row.epoch): row for row in rows}.values())

    def add_epoch(self, epoch: Epoch) -> None:
        with (self.path / "history.jsonl").open("a") as file:
            file.write(json.dumps(asdict(epoch)) + "\n")

    def save(self, name: str, tensors: dict[str, np.ndarray]) -> None:
        np.savez(self.path / "writing.npz", **tensors)  # type: ignore[arg-type]
        (self.path / "writing.npz").replace(self.path / f"{name}.npz")

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        path = self.path / f"{name}.npz"
        return load_tensors(path) if path.exists() else None


class KeepBest(keras.callbacks.Callback):
    """Remembers, over both stages, the tensors of the epoch with the lowest validation loss; writes the history."""

    def __init__(self, folder: RunFolder, stage: int, snapshot: Callable[[], dict[str, np.ndarray]]) -> None:
        super().__init__()
        self.folder, self.stage, self.snapshot = folder, stage, snapshot
        self.lowest = min((row.val_loss for row in folder.read_history()), default=np.inf)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        figures = {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        rate = float(np.asarray(self.model.optimizer.learning_rate))
        if figures["val_loss"] < self.lowest:
            self.lowest = figures["val_loss"]
            self.folder.save("best", self.snapshot())
        self.folder.add_epoch(Epoch(self.stage, epoch + 1, **figures, learning_rate=rate))


def train_stage(
    stage: int,
    network: keras.Model,
    trained_part: keras.Model,
    recipe: Recipe,
    data: StageData,
    folder: RunFolder,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    machines: Machines | None = None,
) -> None:
    """Train ``trained_part``, which shares its weights with ``network``, on ``data``.

    A stage that finished in an earlier run is loaded, one that was interrupted goes on after its last epoch (its
    patience counted anew, its dropout drawn anew). Leaves the network with the weights of the lowest validation loss so
    far, as the paper does. Of several machines the first one alone reads and writes the folder, and the others end with
    the weights of the last epoch.
    """
    finished = folder.load(f"stage{stage}")
    if machines.says(finished is not None) if machines else finished is not None:
        assign_tensors(network, finished or {})
        return
    set_trainable(network, recipe.unfreeze if stage == 2 else 0, recipe.train_batch_norm)
    compile_part(trained_part, recipe)
    if machines and not machines.place.is_chief:
        fit_part(stage, trained_part, recipe, data, machines, last=callbacks)
        return
    keep = KeepBest(folder, stage, lambda: tail_tensors(network, recipe))
    backup = keras.callbacks.BackupAndRestore(folder.path / f"backup{stage}", double_checkpoint=True)
    fit_part(stage, trained_part, recipe, data, machines, first=[keep], last=[backup, *callbacks])
    keep_lowest_validation_loss(network, folder)  # EarlyStopping would forget what was best before an interruption
    folder.save(f"stage{stage}", tail_tensors(network, recipe))


def fit_part(
    stage: int,
    part: keras.Model,
    recipe: Recipe,
    data: StageData,
    machines: Machines | None,
    first: Sequence[keras.callbacks.Callback] = (),
    last: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """Epochs until the stage has had all of its own, or does not get better."""
    train = FeatureBatches(data.tensors, data.train_rows, data.train_labels, recipe.batch_size, recipe.seed)
    validation = FeatureBatches(data.tensors, data.validation_rows, data.validation_labels, recipe.batch_size, None)
    weights = None if recipe.head.multi_label else class_weights(data.train_labels)
    called = [
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: train.start_epoch(epoch + 1)),
        *first,
        keras.callbacks.ReduceLROnPlateau("val_loss", factor=REDUCE_FACTOR, patience=REDUCE_PATIENCE),
        keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE[stage]),
        *last,
    ]
    epochs = recipe.fine_tune_epochs if stage == 2 else recipe.epochs
    if machines:
        together = Together(part, machines, recipe.head.multi_label, weights)
        fit_together(together, train, validation, epochs, called)
    else:
        part.fit(
            train,
            validation_data=validation,
            epochs=epochs,
            class_weight=weights,
            callbacks=called,
            shuffle=False,  # the batches bring their own order
            verbose=0,
        )


def compile_part(part: keras.Model, recipe: Recipe) -> None:
    several = recipe.head.multi_label
    part.compile(
        optimizer_of(recipe),
        loss="binary_crossentropy" if several else "sparse_categorical_crossentropy",
        metrics=[keras.metrics.BinaryAccuracy(name="accuracy") if several else "accuracy"],
    )


def optimizer_of(recipe: Recipe) -> keras.optimizers.Optimizer:
    """Adam; in mixed precision its loss is scaled up, so that small gradients do not vanish in float16."""
    adam = keras.optimizers.Adam(recipe.learning_rate)
    return keras.optimizers.LossScaleOptimizer(adam) if recipe.mixed_precision else adam


@contextmanager
def in_mixed_precision(model: keras.Model) -> Iterator[None]:
    """Let the layers of a model compute in float16 meanwhile; variables, pixels and softmax stay float32."""
    changed = [layer for layer in flat_layers(model) if layer.name not in ("rescaling", "head_softmax")]
    before = [layer.dtype_policy for layer in changed]
    try:
        for layer in changed:
            layer.dtype_policy = keras.DTypePolicy("mixed_float16")
        yield
    finally:
        for layer, policy in zip(changed, before, strict=True):
            layer.dtype_policy = policy


def class_weights(labels: np.ndarray) -> dict[int, float]:
    """Weights that let every class count the same; their mean over the images is 1."""
    classes, counts = np.unique(labels, return_counts=True)
    return {int(label): len(labels) / (len(classes) * int(count)) for label, count in zip(classes, counts, strict=True)}


def tail_tensors(network: keras.Model, recipe: Recipe) -> dict[str, np.ndarray]:
    """Every tensor that a run of this recipe may change: the head and the layers that stage 2 trains."""
    backbone = network.get_layer("backbone")
    unfrozen = recipe.unfreeze if recipe.fine_tune_epochs else 0
    changed = {layer.name for layer in backbone.layers[len(backbone.layers) - unfrozen :]}
    head = {layer.name for layer in network.layers if layer.name.startswith("head_")}
    return {name: tensor for name, tensor in named_tensors(network).items() if name.split("/")[0] in changed | head}


def keep_lowest_validation_loss(network: keras.Model, folder: RunFolder) -> None:
    """Put back the weights of the epoch with the lowest validation loss over both stages."""
    if best := folder.load("best"):
        assign_tensors(network, best)


def write_history(path: Path, history: Sequence[Epoch]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(Epoch.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in history)
