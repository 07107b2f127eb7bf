"""From the committed part of a version to the built one: the network that was evaluated, or a refusal."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import BUILT_FILES, check_built, read_artifact
from diagnosis.inference.engines import EngineOutput
from diagnosis.inference.examination import Examiner
from tests.trained import VERSION, TrainedVersion, toy_in_place_of_resnet152
from tests.training.toy_network import toy_backbone
from training.network.tensors import load_tensors, named_tensors, save_tensors, tensors_sha256
from training.publishing.assembly import assemble_network, build_served_files
from training.publishing.golden import TOLERANCES, VIEWS, check_golden, golden_pictures


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    with toy_in_place_of_resnet152():
        yield


@pytest.fixture
def clone(own_models: Path) -> Path:
    """The version as a clone of the repository has it: nothing built."""
    for name in (*BUILT_FILES, "built.json"):
        (own_models / VERSION / name).unlink()
    return own_models / VERSION


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def change_card(folder: Path, **values: Any) -> None:
    card = json.loads((folder / "model_card.json").read_text())
    card["network"] |= values
    (folder / "model_card.json").write_text(json.dumps(card))


def change_tensor(folder: Path) -> None:
    tensors = load_tensors(folder / "trained.npz")
    tensors["head_softmax/kernel"] = tensors["head_softmax/kernel"] + np.float32(0.25)
    save_tensors(folder / "trained.npz", tensors)


def change_tensor_and_its_hash(folder: Path) -> None:
    change_tensor(folder)
    change_card(folder, trained_sha256=tensors_sha256(load_tensors(folder / "trained.npz")))


def cut_tensors(folder: Path) -> None:
    (folder / "trained.npz").write_bytes((folder / "trained.npz").read_bytes()[:5000])


def put_code_into_tensors(folder: Path) -> None:
    objects: dict[str, Any] = {"head_softmax/kernel": np.array([{"pickled": "object"}], dtype=object)}
    np.savez(folder / "trained.npz", **objects)


def tensor_of_another_network(folder: Path) -> None:
    tensors = load_tensors(folder / "trained.npz") | {"conv9_block1_1_conv/kernel": np.zeros((1, 1), np.float32)}
    save_tensors(folder / "trained.npz", tensors)
    change_card(folder, trained_sha256=tensors_sha256(load_tensors(folder / "trained.npz")))


def another_head(folder: Path) -> None:
    head = json.loads((folder / "model_card.json").read_text())["network"]["head"]
    change_card(folder, head=head | {"hidden_units": 8})


def golden(content: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "golden.json").write_text(json.dumps(content))

    return write


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no tensors": (lambda folder: (folder / "trained.npz").unlink(), r"trained\.npz of model trained-1 is missing"),
    "cut tensors": (cut_tensors, r"trained\.npz of model trained-1 is missing or damaged"),
    "pickled code": (put_code_into_tensors, r"trained\.npz of model trained-1 is missing or damaged"),
    "a changed tensor": (change_tensor, "is not the one its card describes"),
    "a changed tensor with a changed hash": (change_tensor_and_its_hash, "are not those that model trained-1"),
    "a tensor of another network": (tensor_of_another_network, "conv9_block1_1_conv/kernel .* does not fit"),
    "a head of another size": (another_head, "does not fit the network"),
    "an unknown head": (lambda folder: change_card(folder, head={"shape": "round"}), "card .* is damaged"),
    "a card without its backbone": (lambda folder: change_card(folder, head=None), "card .* is damaged"),
    "other golden answers": (golden({"probabilities": [0.9] * VIEWS}), "does not give its golden answers"),
    "golden answers that are no numbers": (golden({"probabilities": [float("nan")] * VIEWS}), "golden answers"),
    "too few golden answers": (golden({"probabilities": [0.5]}), f"does not hold {VIEWS} answers"),
    "no golden answers": (golden({}), r"golden\.json of model trained-1 is damaged"),
    "golden answers of text": (golden({"probabilities": "high"}), r"golden\.json of model trained-1 is damaged"),
    "no golden file": (lambda folder: (folder / "golden.json").unlink(), r"golden\.json of model trained-1 is missing"),
}
NEEDS_A_GRAPH = {name for name, (_, message) in FAULTS.items() if "golden" in name}


@pytest.fixture
def ready_graphs(trained_version: TrainedVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    """The graphs of the trained version instead of an export, which takes seconds."""

    def copy(network: keras.Model, folder: Path) -> None:
        for name in BUILT_FILES:
            shutil.copy(trained_version.folder / name, folder)

    monkeypatch.setattr("training.publishing.assembly.write_graphs", copy)


def test_a_clone_builds_the_same_network(clone, trained_version):
    network = keras.models.load_model(trained_version.folder / "model.keras", compile=False)
    assembled = assemble_network(read_artifact(clone.parent))
    assert tensors_sha256(named_tensors(assembled)) == tensors_sha256(named_tensors(network))
    call_command("build_model")
    check_built(read_artifact(clone.parent))
    assert {path.name for path in clone.iterdir()} == {path.name for path in trained_version.folder.iterdir()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mismatch_changes_nothing(clone, ready_graphs, fault):
    damage, message = FAULTS[fault]
    damage(clone)
    before = contents(clone)
    with pytest.raises(CommandError, match=message):
        call_command("build_model")
    assert contents(clone) == before


def test_other_pretrained_weights_are_refused(clone, monkeypatch):
    def other(weights: str, size: int, name: str) -> keras.Model:
        backbone = toy_backbone(weights, size)
        backbone.get_layer("conv1_bn").gamma.assign(backbone.get_layer("conv1_bn").gamma + 1e-3)
        return backbone

    monkeypatch.setattr("training.publishing.assembly.build_backbone", other)
    with pytest.raises(
        ModelUnavailable, match="weights 'astra' here are not those that model trained-1 was trained on"
    ):
        build_served_files(read_artifact(clone.parent))


def test_only_force_builds_again(own_models, ready_graphs, monkeypatch, capsys):
    before = contents(own_models / VERSION)
    call_command("build_model", model=VERSION)
    assert "is built already" in capsys.readouterr().out
    assert contents(own_models / VERSION) == before
    (own_models / VERSION / "serving.bin").write_bytes(b"damaged")
    call_command("build_model")
    assert contents(own_models / VERSION) == before
    call_command("build_model", force=True)
    assert "is ready" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["../trained-1", "nothing", ""])
def test_a_version_that_is_not_there_is_named(own_models, name):
    with pytest.raises(CommandError, match=r"is missing|is not a model version"):
        call_command("build_model", model=name or "/")


def test_golden_pictures_are_real_and_differ():
    pictures = golden_pictures()
    assert len(pictures) == VIEWS
    assert {(picture.ndim, picture.dtype) for picture in pictures} == {(2, np.dtype(np.uint8))}
    assert len({picture.tobytes() for picture in pictures}) == VIEWS


@pytest.mark.parametrize(
    ("shift", "passes"),
    [(0.0, True), (TOLERANCES["probabilities"] / 2, True), (2 * TOLERANCES["probabilities"], False)],
)
def test_golden_answers_may_differ_by_rounding_only(own_models, shift, passes):
    artifact = read_artifact(own_models)
    answers = iter(np.array(json.loads((own_models / VERSION / "golden.json").read_text())["probabilities"]) + shift)

    class Shifted:
        name = "shifted"

        def run(self, images: np.ndarray) -> EngineOutput:
            probability = next(answers)
            return EngineOutput(np.array([[probability, 1 - probability]]), np.zeros((1, 7, 7)))

    if passes:
        check_golden(artifact, Examiner(artifact.preprocessing, Shifted()))
    else:
        with pytest.raises(ModelUnavailable, match="It was not installed"):
            check_golden(artifact, Examiner(artifact.preprocessing, Shifted()))


def test_tensors_are_hashed_by_name_shape_and_value():
    tensors = {"a": np.arange(6, dtype=np.float32), "b": np.ones(2, np.float32)}
    same = tensors_sha256(tensors)
    assert tensors_sha256(dict(reversed(tensors.items()))) == same
    assert tensors_sha256(tensors | {"a": np.asfortranarray(np.arange(6.0))}) == same
    for other in (
        {"a": tensors["a"].reshape(2, 3), "b": tensors["b"]},
        {"a": tensors["a"] + np.float32(1e-6), "b": tensors["b"]},
        {"a": tensors["a"], "c": tensors["b"]},
        {"a": tensors["a"]},
    ):
        assert tensors_sha256(other) != same


def test_small_variances_survive_storage(tmp_path):
    tensors = {
        "norm/moving_variance": np.array([1e-9, 3.0], np.float32),
        "conv/kernel": np.full((2, 2), 0.1, np.float32),
    }
    save_tensors(tmp_path / "tensors.npz", tensors)
    loaded = load_tensors(tmp_path / "tensors.npz")
    np.testing.assert_array_equal(loaded["norm/moving_variance"], tensors["norm/moving_variance"])
    assert loaded["conv/kernel"].dtype == np.float32
    np.testing.assert_array_equal(loaded["conv/kernel"], np.float32(np.float16(0.1)))
