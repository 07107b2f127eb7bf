"""The two stages: what is kept, when they stop, and that an interrupted one goes on as if nothing had happened."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.training.toy_network import toy_backbone
from training.fitting.batches import FeatureBatches
from training.fitting.machines import Machines
from training.fitting.recipe import PAPER, Recipe
from training.fitting.trainer import (
    Epoch,
    RunFolder,
    StageData,
    class_weights,
    keep_lowest_validation_loss,
    tail_tensors,
    train_stage,
    write_history,
)
from training.network.architecture import CutNetwork, HeadConfig, build_network, cut_network, head_model
from training.network.tensors import named_tensors

pytestmark = pytest.mark.usefixtures("without_graphs")

SIZE = 64
RECIPE = replace(
    PAPER,
    head=HeadConfig(hidden_units=8, dropout=0.0),  # what dropout draws is not kept over an interruption
    epochs=3,
    fine_tune_epochs=2,
    learning_rate=3e-3,
    batch_size=4,
)


@dataclass
class Run:
    """A small network, random maps for the cut's boundary, and where the run is kept."""

    folder: Path
    recipe: Recipe = RECIPE

    def __post_init__(self) -> None:
        self.network = build_network(toy_backbone("", SIZE), self.recipe.head)
        self.cut: CutNetwork = cut_network(self.network, self.recipe.unfreeze)
        rng = np.random.default_rng(0)
        self.labels = np.arange(16) % 2
        shape = tuple(self.cut.tail.input_shape[1:])
        signs = rng.choice([-2, 2], shape[-1]) * (2 * self.labels - 1)[:, None, None, None]
        self.maps = np.maximum(rng.normal(1, 1, (16, *shape)) + signs, 0).astype(np.float32)

    def stage(
        self, number: int, *callbacks: keras.callbacks.Callback, wrong: str = "", machines: Machines | None = None
    ) -> "Run":
        """Train a stage on the first 12 rows and validate on the last 4; ``wrong``: which of them have wrong labels."""
        taught = 1 - self.labels[:12] if wrong == "training" else self.labels[:12]
        judged = 1 - self.labels[12:] if wrong == "validation" else self.labels[12:]
        part = self.cut.tail if number == 2 else head_model(self.network)
        tensors = [self.maps if number == 2 else np.asarray(self.cut.pooled(self.maps))]
        data = StageData(tensors, np.arange(12), taught, np.arange(12, 16), judged)
        train_stage(number, self.network, part, self.recipe, data, RunFolder(self.folder), callbacks, machines)
        return self

    @property
    def history(self) -> list[Epoch]:
        return RunFolder(self.folder).read_history()

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        return tail_tensors(self.network, self.recipe)


def stop_after(epoch: int) -> keras.callbacks.Callback:
    """Ctrl-C once epoch number ``epoch`` is done."""

    def interrupt(index: int, logs: Any) -> None:
        if index + 1 == epoch:
            raise KeyboardInterrupt

    return keras.callbacks.LambdaCallback(on_epoch_end=interrupt)


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray], tolerance: float = 0) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        np.testing.assert_allclose(tensor, other[name], rtol=0, atol=tolerance, err_msg=name)


@dataclass(frozen=True)
class Finished:
    """A run of both stages that nothing interrupted, and its tensors before and between them."""

    run: Run
    before: dict[str, np.ndarray]
    between: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    run = Run(tmp_path_factory.mktemp("finished"))
    before = named_tensors(run.network)
    between = named_tensors(run.stage(1).network)
    return Finished(run.stage(2), before, between)


def test_both_stages_lower_the_loss(finished):
    history = finished.run.history
    assert [(row.stage, row.epoch) for row in history] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert history[-1].loss < history[0].loss
    np.testing.assert_allclose([row.learning_rate for row in history], RECIPE.learning_rate)


def test_only_the_trained_part_changes_and_is_kept(finished):
    run, after = finished.run, named_tensors(finished.run.network)
    frozen = after.keys() - run.tensors.keys()
    assert {"conv1_conv/kernel", "conv5_block2_3_bn/gamma", "conv5_block2_3_bn/moving_mean"} <= frozen
    assert_same({name: after[name] for name in frozen}, {name: finished.before[name] for name in frozen})
    head = {name for name in run.tensors if name.startswith("head_")}
    changed_in_stage_1 = {name for name in after if np.any(finished.between[name] != finished.before[name])}
    assert changed_in_stage_1 <= head
    assert tail_tensors(run.network, replace(RECIPE, fine_tune_epochs=0)).keys() == head
    assert tail_tensors(run.network, replace(RECIPE, unfreeze=0)).keys() == head


def test_the_best_epoch_may_be_in_stage_1(tmp_path):
    """The best epoch of both stages is kept when it is in stage 1."""
    run = Run(tmp_path).stage(1)
    best = run.tensors
    run.stage(2, wrong="training")
    keep_lowest_validation_loss(run.network, RunFolder(tmp_path))
    assert min(run.history, key=lambda row: row.val_loss).stage == 1
    assert_same(run.tensors, best)


def test_the_best_epoch_may_be_in_stage_2(finished):
    """The best epoch of both stages is kept when it is in stage 2."""
    best = RunFolder(finished.run.folder).load("best")
    assert min(finished.run.history, key=lambda row: row.val_loss).stage == 2
    keep_lowest_validation_loss(finished.run.network, RunFolder(finished.run.folder))
    assert_same(finished.run.tensors, best or {})
    moved = finished.run.tensors["conv5_block3_2_conv/kernel"] - finished.between["conv5_block3_2_conv/kernel"]
    assert np.abs(moved).max() > 1e-3


def test_a_stage_stops_without_improvement(tmp_path):
    """A stage ends with its best weights and stops when it no longer gets better."""
    run = Run(tmp_path, replace(RECIPE, epochs=30))
    snapshots: list[dict[str, np.ndarray]] = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: snapshots.append(run.tensors))
    run.stage(1, keep, wrong="training")
    losses = [row.val_loss for row in run.history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 5  # the paper's patience
    assert run.history[-1].learning_rate < run.history[0].learning_rate  # reduced on the plateau
    assert_same(run.tensors, snapshots[best])


def test_a_resumed_run_ends_the_same(tmp_path, finished):
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path).stage(1, stop_after(1))
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path).stage(1).stage(2, stop_after(1))
    resumed = Run(tmp_path).stage(1).stage(2)
    for row, expected in zip(resumed.history, finished.run.history, strict=True):
        assert (row.stage, row.epoch) == (expected.stage, expected.epoch)
        assert row.val_loss == pytest.approx(expected.val_loss, rel=1e-4)
    assert_same(resumed.tensors, finished.run.tensors, 1e-4)


def assert_first_stage_as(finished: Finished, resumed: Run) -> None:
    assert [row.epoch for row in resumed.history] == [1, 2, 3]
    assert_same(resumed.tensors, {name: finished.between[name] for name in resumed.tensors}, 1e-4)


def test_a_missing_backup_repeats_the_epoch(tmp_path, monkeypatch, finished):
    """An interruption before the backup repeats that epoch and counts it once."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.callbacks.BackupAndRestore, "on_epoch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path).stage(1)
    monkeypatch.undo()
    assert_first_stage_as(finished, Run(tmp_path).stage(1))


def test_a_half_backup_falls_back(tmp_path, finished):
    """An interruption in the middle of the backup falls back to the one before."""
    with pytest.raises(KeyboardInterrupt):
        Run(tmp_path).stage(1, stop_after(2))
    weights = tmp_path / "backup1" / "latest.weights.h5"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert_first_stage_as(finished, Run(tmp_path).stage(1))


def test_a_best_epoch_survives_interruption(tmp_path):
    run, snapshots = Run(tmp_path), []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: snapshots.append(run.tensors))
    with pytest.raises(KeyboardInterrupt):
        run.stage(1, keep, stop_after(2))
    resumed = Run(tmp_path).stage(1, wrong="validation")  # so that the last epoch looks worse
    assert [row.val_loss for row in resumed.history].index(min(row.val_loss for row in resumed.history)) == 1
    assert_same(resumed.tensors, snapshots[1])


def test_a_finished_stage_is_not_trained_again(finished):
    again = Run(finished.run.folder).stage(1).stage(2)
    assert len(again.history) == RECIPE.epochs + RECIPE.fine_tune_epochs
    assert_same(again.tensors, finished.run.tensors)


def test_a_rare_class_counts_as_much_as_a_common_one():
    labels = np.array([0] * 10 + [1] * 40)
    weights = class_weights(labels)
    assert 10 * weights[0] == pytest.approx(40 * weights[1])
    assert np.mean([weights[label] for label in labels.tolist()]) == pytest.approx(1)


class Asked:
    """A row source that notes the rows it was asked for."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
        self.rows.append(rows.tolist())
        return np.zeros((len(rows), 3), np.float32)


def epochs_of(asked: Asked, batches: FeatureBatches) -> Iterator[list[int]]:
    for epoch in (1, 2, 3):
        batches.start_epoch(epoch)
        asked.rows.clear()
        for index in range(len(batches)):
            batches[index]
        yield [row for rows in asked.rows for row in rows]


def test_an_epoch_draws_each_image_once():
    asked = Asked()
    first, second, third = epochs_of(asked, FeatureBatches([asked], np.arange(10), np.zeros(10), 4, seed=1))
    assert [len(rows) for rows in asked.rows] == [4, 4, 2]
    assert sorted(first) == sorted(second) == sorted(third) == list(range(10))
    assert first != second != third
    assert next(epochs_of(asked, FeatureBatches([asked], np.arange(10), np.zeros(10), 4, seed=1))) == first
    assert next(epochs_of(asked, FeatureBatches([asked], np.arange(10), np.zeros(10), 4, seed=2))) != first
    assert next(epochs_of(asked, FeatureBatches([asked], np.arange(10), np.zeros(10), 4, None))) == list(range(10))


def test_an_epoch_draws_one_view_of_each_image():
    asked, rows = Asked(), np.arange(30).reshape(10, 3)
    drawn = list(epochs_of(asked, FeatureBatches([asked], rows, np.zeros(10), 4, seed=1)))
    assert all(sorted(row // 3 for row in epoch) == list(range(10)) for epoch in drawn)
    assert {row % 3 for epoch in drawn for row in epoch} == {0, 1, 2}


def test_keras_draws_each_epoch_as_its_number_says(tmp_path, monkeypatch):
    drawn: list[list[int]] = []
    original: Callable[[FeatureBatches, int], Any] = FeatureBatches.__getitem__

    def note(batches: FeatureBatches, index: int) -> Any:
        if batches.seed is not None:
            drawn.append(batches.order.tolist())
        return original(batches, index)

    monkeypatch.setattr(FeatureBatches, "__getitem__", note)
    Run(tmp_path).stage(1)
    orders = [np.random.default_rng((RECIPE.seed, epoch)).permutation(12).tolist() for epoch in (1, 2, 3)]
    assert drawn[-9:] == [order for order in orders for _ in range(3)]


def test_the_history_is_a_table(tmp_path):
    rows = [Epoch(1, 1, 0.7, 0.5, 0.6, 0.75, 1e-5), Epoch(2, 1, 0.5, 0.75, 0.4, 1.0, 2e-6)]
    write_history(tmp_path / "history.csv", rows)
    with (tmp_path / "history.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["stage", "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert [Epoch(int(r["stage"]), int(r["epoch"]), *map(float, list(r.values())[2:])) for r in table] == rows
