"""The recipes of the paper's comparison, each as a small run on a toy of its backbone."""

from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
import pytest

from diagnosis.inference.artifacts import read_artifact
from diagnosis.inference.grad_cam import as_list
from tests.trained import TrainedVersion, toy_in_place_of_resnet152
from training import runner
from training.fitting.plan import Plan
from training.fitting.recipe import PRESETS
from training.network.tensors import flat_layers
from training.progress import Progress
from training.publishing import publish as publishing
from training.publishing.assembly import build_served_files

pytestmark = pytest.mark.usefixtures("without_graphs", "quick_features")


@pytest.fixture
def quick_features(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keras computes the few features: exporting a graph takes seconds."""

    def in_keras(frozen: keras.Model, scratch: object) -> object:
        return lambda images: [np.asarray(tensor) for tensor in as_list(frozen(images))]

    monkeypatch.setattr("training.fitting.features.frozen_runner", in_keras)
    with toy_in_place_of_resnet152():
        yield


def small(preset: str, trained: TrainedVersion, tmp_path: object) -> Plan:
    recipe = replace(PRESETS[preset], weights="random", epochs=2, batch_size=8, learning_rate=1e-2)
    return Plan(recipe, trained.data, tmp_path / "models", preset, tmp_path / "cache")  # type: ignore[operator]


@pytest.mark.parametrize("preset", ["showkat-qureshi", "dtlcx"])
def test_a_cited_recipe_trains(trained_version, tmp_path, preset):
    plan = small(preset, trained_version, tmp_path)
    with Progress() as progress:
        trained = runner.train_network(plan, *runner.prepare_data(plan, progress), progress)
    history = trained.folder.read_history()
    assert [(row.stage, row.epoch) for row in history] == [(1, 1), (1, 2)]
    assert history[1].loss < history[0].loss
    assert all(np.isfinite(values).all() for values in trained.predictions.values())


def test_a_recipe_in_float16_is_served_in_float32(trained_version, tmp_path, monkeypatch):
    """From training to the rebuilt version, at 100 x 100: what was computed in float16 leaves no float16 behind."""
    seen: set[str] = set()

    def note(batch: int, logs: object) -> None:
        seen.update(layer.compute_dtype for layer in noted.model.layers if layer.name.startswith("head_"))

    noted = keras.callbacks.LambdaCallback(on_train_batch_end=note)
    monkeypatch.setattr(Progress, "epochs", lambda *_: noted)
    monkeypatch.setattr(publishing, "draw_plots", lambda *_: None)  # seconds, and the trained version has them
    monkeypatch.setattr(publishing, "audit_of", lambda *_: None)
    plan = small("sreejith-george", trained_version, tmp_path)
    with Progress() as progress:
        folder = runner.train(plan, progress)
    assert seen == {"float16", "float32"}, "all but the softmax in float16"
    artifact = read_artifact(plan.output, plan.name)
    assert (artifact.preprocessing.size, artifact.card["contract"]["image_size"]) == (100, 100)
    assert artifact.card["network"]["architecture"] == "ResNet-50"
    kept = keras.models.load_model(folder / "model.keras", compile=False)
    assert {layer.compute_dtype for layer in flat_layers(kept)} == {"float32"}
    build_served_files(artifact)  # refuses other tensors than the card's, and other golden answers
