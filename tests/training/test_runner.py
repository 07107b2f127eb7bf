"""The whole chain on real files: what a finished version holds, and what an unfinished one leaves."""

import csv
import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from diagnosis.errors import ModelUnavailable
from diagnosis.findings import CLASS_NAMES
from diagnosis.inference.artifacts import BUILT_FILES, check_built, read_artifact
from tests.trained import VERSION, TrainedVersion, toy_in_place_of_resnet152
from training import runner
from training.data.dataset import DatasetError
from training.fitting.plan import Plan, Trained
from training.fitting.recipe import PAPER, SHIPPED, Recipe
from training.fitting.trainer import RunFolder
from training.network.backbone import BackboneUnavailable
from training.network.tensors import load_tensors, tensors_sha256
from training.progress import Progress
from training.publishing import publish as publishing
from training.runner import PlanRefused, TrainingDiverged, check_plan, train

QUICK = replace(PAPER, epochs=2, fine_tune_epochs=1, batch_size=8, learning_rate=1e-3, views=1)


def plan_of(trained: TrainedVersion, output: Path, recipe: Recipe = QUICK, **changes: object) -> Plan:
    """A run on the data and with the cache of the trained version, so that no features are computed."""
    plan = Plan(recipe, trained.data, output, "toy-2", trained.cache)
    return replace(plan, **changes)  # type: ignore[arg-type]


def run(plan: Plan) -> Path:
    with toy_in_place_of_resnet152(), Progress() as progress:
        return train(plan, progress)


def test_a_version_is_complete(trained_version):
    names = {path.name for path in trained_version.folder.iterdir()}
    plots = {"history", "confusion", "roc", "precision_recall", "calibration", "scores_by_source"}
    assert names >= {f"{plot}.{ending}" for plot in plots for ending in ("svg", "png")}
    assert names >= {"model_card.json", "MODEL_CARD.md", "metrics.json", "trained.npz", "golden.json", "built.json"}
    assert names >= {"split.csv", "history.csv", "errors.csv", "worst_errors.png", *BUILT_FILES}
    assert [path.name for path in trained_version.models_dir.iterdir() if path.name.startswith(".")] == []


def test_a_version_can_be_served_as_it_is(trained_version):
    artifact = read_artifact(trained_version.models_dir)
    assert artifact.version == VERSION
    check_built(artifact)


def test_the_card_describes_the_run(trained_version):
    card = json.loads((trained_version.folder / "model_card.json").read_text())
    assert card["contract"]["class_names"] == list(CLASS_NAMES)
    assert (card["recipe"]["epochs"], card["recipe"]["learning_rate"]) == (1, 1e-3)
    assert sum(sum(part.values()) for part in card["training"]["parts"].values()) == 46
    assert card["training"]["packages"]["keras"] == keras.__version__
    assert set(card["figures"]["parts"]) == {"validation", "test_part", "test"}
    assert set(card["shortcut_audit"]) >= {"without_centre", "border", "border_probe", "meaning"}


def test_the_trained_part_matches_the_card(trained_version):
    tensors = load_tensors(trained_version.folder / "trained.npz")
    card = json.loads((trained_version.folder / "model_card.json").read_text())
    assert tensors_sha256(tensors) == card["network"]["trained_sha256"]
    assert {name.split("/")[0].split("_block")[0] for name in tensors} == {
        "conv5",
        "head_hidden",
        "head_norm",
        "head_softmax",
    }


def test_history_split_and_errors_are_tables(trained_version):
    def table(name: str) -> list[dict[str, str]]:
        with (trained_version.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))

    assert [(row["stage"], row["epoch"]) for row in table("history.csv")] == [("1", "1"), ("2", "1")]
    assert len(table("split.csv")) == 46
    assert {row["label"] for row in table("errors.csv")} <= set(CLASS_NAMES)


def test_kept_answers_match_the_tensors(trained_version):
    """Storage rounds to float16; what was evaluated is what is stored, not what was in memory."""
    network = keras.models.load_model(trained_version.folder / "model.keras", compile=False)
    tensors = load_tensors(trained_version.folder / "trained.npz")
    kernel = network.get_layer("head_hidden").kernel
    np.testing.assert_array_equal(kernel, tensors["head_hidden/kernel"])


def test_an_interrupted_run_is_completed(trained_version, tmp_path, monkeypatch):
    plan = plan_of(trained_version, tmp_path)

    def stop(epoch: int, logs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "epochs", lambda *_: keras.callbacks.LambdaCallback(on_epoch_end=stop))
    with pytest.raises(KeyboardInterrupt):
        run(plan)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [".training-toy-2"]
    with pytest.raises(DatasetError, match="go on with --resume"):
        check_plan(plan)
    with pytest.raises(PlanRefused, match="begun with other options"):
        run(replace(plan, resume=True, recipe=replace(QUICK, learning_rate=1e-4)))
    with pytest.raises(PlanRefused, match="begun with other options or other images"):
        run(replace(plan, resume=True, limit=38))
    monkeypatch.setattr(publishing, "draw_plots", lambda *_: None)  # seconds, and the trained version has them
    folder = run(replace(plan, resume=True))
    check_built(read_artifact(tmp_path, "toy-2"))
    with (folder / "history.csv").open(newline="") as file:
        assert [(row["stage"], row["epoch"]) for row in csv.DictReader(file)] == [("1", "1"), ("1", "2"), ("2", "1")]
    assert [path.name for path in tmp_path.iterdir()] == ["toy-2"]
    with pytest.raises(FileExistsError, match="never changes"):
        check_plan(plan)


def test_a_failure_leaves_no_half_version(trained_version, tmp_path, monkeypatch):
    trained = object.__new__(Trained)  # nothing of it is reached
    object.__setattr__(trained, "plan", plan_of(trained_version, tmp_path))
    object.__setattr__(trained, "network", None)

    def half(network: object, folder: Path) -> None:
        (folder / "model.keras").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "write_graphs", half)
    with pytest.raises(OSError, match="No space"), Progress() as progress:
        publishing.publish(trained, progress)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_diverges_publishes_nothing(trained_version, tmp_path, monkeypatch):
    def diverge(stage: int, network: keras.Model, *_: object) -> None:
        network.get_layer("head_softmax").kernel.assign(np.full((512, 2), np.nan))

    monkeypatch.setattr(runner, "train_stage", diverge)
    with pytest.raises(TrainingDiverged, match="lower --learning-rate"):
        run(plan_of(trained_version, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [".training-toy-2"]


REFUSED: dict[str, tuple[Recipe, dict[str, object], str]] = {
    "a preset that needs the cache": (SHIPPED, {"cache": None}, "needs the feature cache"),
    "nothing to train": (replace(QUICK, epochs=0, fine_tune_epochs=0), {}, "nothing to train"),
    "no weights file": (replace(QUICK, weights="mine.h5"), {}, r"no weights file mine\.h5"),
    "no originals": (QUICK, {"originals": Path("nowhere")}, "no folder nowhere"),
    "no external collection": (QUICK, {"external": (Path("nowhere"),)}, "no folder nowhere"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_the_impossible_is_refused_first(trained_version, tmp_path, monkeypatch, reason):
    recipe, changes, message = REFUSED[reason]
    monkeypatch.setattr(runner, "read_dataset", None)  # nothing is read
    with pytest.raises(PlanRefused, match=message):
        run(plan_of(trained_version, tmp_path, recipe, **changes))
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_folder_name_is_refused(trained_version, tmp_path):
    for name in ("../elsewhere", "a/b", "", ".hidden", "Capitals", "x" * 64):
        with pytest.raises(ModelUnavailable, match="is not a model version"):
            check_plan(plan_of(trained_version, tmp_path, name=name))


def test_too_many_layers_are_refused(trained_version, tmp_path):
    with pytest.raises(PlanRefused, match=r"--unfreeze takes 0 to \d+ layers"):
        run(plan_of(trained_version, tmp_path, replace(QUICK, unfreeze=10_000)))


def test_weights_that_cannot_be_had_stop_the_run(trained_version, tmp_path, monkeypatch):
    def unavailable(*_: object) -> keras.Model:
        raise BackboneUnavailable("The Astra weights are not installed")

    monkeypatch.setattr(runner, "build_backbone", unavailable)
    with pytest.raises(BackboneUnavailable), Progress() as progress:
        train(plan_of(trained_version, tmp_path), progress)


def test_the_card_names_tensorflow(monkeypatch):
    """On a GPU the package is `tensorflow`, and `tensorflow-cpu` is not there."""
    real = importlib.metadata.version

    def on_gpu(name: str) -> str:
        if name == "tensorflow-cpu":
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.21.0" if name == "tensorflow" else real(name)

    monkeypatch.setattr(publishing, "version", on_gpu)
    versions = publishing.installed_versions()
    assert versions["tensorflow"] == "2.21.0"
    assert "tensorflow-cpu" not in versions


def test_two_runs_are_told_apart(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.begun_as("one") == "one"
    assert RunFolder(tmp_path).begun_as("other") == "one"
