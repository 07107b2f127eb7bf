"""manage.py evaluate_model: figures on a folder, refused images counted, sources apart."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from diagnosis.inference.engines import EngineOutput
from tests.toy import ToyEngine
from tests.trained import VERSION, TrainedVersion
from tests.training.radiographs import write_people


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four images of each class."""
    write_people(tmp_path / "seen" / "COVID", range(4))
    write_people(tmp_path / "seen" / "Non-COVID", range(4, 8))
    return tmp_path / "seen"


@pytest.fixture
def answers(engine: ToyEngine, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the model answers to the images, in the order of class and name."""
    given: list[float] = []

    def run(images: np.ndarray) -> EngineOutput:
        probability = given.pop(0)
        return EngineOutput(np.array([[probability, 1 - probability]]), np.zeros((1, 7, 7)))

    monkeypatch.setattr(engine, "run", run)
    monkeypatch.setattr("training.evaluation.served.AT_ONCE", 1)  # or they are given in another order
    return given


def figures(data: Path, *words: str) -> dict[str, Any]:
    out = data.parent / "figures.json"
    call_command("evaluate_model", "--data", str(data), "--json", str(out), *words)
    content = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert isinstance(content, dict)
    return content


def test_figures_are_of_the_answers(data, answers, capsys):
    """The figures are those of the answers with covid positive."""
    answers += [0.9, 0.8, 0.3, 0.1, 0.9, 0.1, 0.1, 0.1]
    found = figures(data)
    assert found["sensitivity"]["value"] == 0.75
    assert found["specificity"]["value"] == 0.75
    assert found["accuracy"]["value"] == 0.75
    assert found["sensitivity"]["low"] < 0.75 < found["sensitivity"]["high"]
    assert (found["images"], found["model"], found["engine"]) == (8, "toy-1", "toy")
    said = capsys.readouterr().out
    assert "8 images of seen, model toy-1, COVID is positive" in said
    assert "0.750" in said


def test_refused_images_count_as_wrong(data, answers):
    (data / "COVID" / "person-003.jpg").write_bytes(b"not a picture")
    answers += [0.9, 0.9, 0.25, 0.1, 0.1, 0.1, 0.25]
    found = figures(data)
    assert found["sensitivity"]["value"] == 0.5  # two right, one indeterminate, one refused
    assert found["specificity"]["value"] == 0.75
    assert list(found["refusals"]) == ["COVID/person-003.jpg"]


def test_a_manifest_tells_sources_apart(data, answers, capsys):
    rows = [f"COVID/person-{n:03}.jpg,{'cohen' if n < 2 else 'bimcv'}" for n in range(4)]
    rows += [f"Non-COVID/person-{n:03}.jpg,[/nih]" for n in range(4, 8)]
    (data / "manifest.csv").write_text("\n".join(["file,source", *rows]))
    answers += [0.9, 0.9, 0.1, 0.1, 0.5, 0.5, 0.5, 0.5]
    found = figures(data)
    aucs = {auc["source"]: auc["roc_auc"]["value"] for auc in found["by_source"]}
    assert (aucs["cohen"], aucs["bimcv"]) == (1.0, 0.0)
    assert "cohen" in capsys.readouterr().out


@pytest.mark.parametrize("engine_name", ["openvino-float32", "keras"])
def test_a_real_model_on_real_files(own_models, trained_version: TrainedVersion, tmp_path, engine_name):
    test = Path(shutil.copytree(trained_version.data / "Test", tmp_path / "Test"))
    found = figures(test, "--engine", engine_name)
    assert (found["images"], found["model"], found["engine"]) == (6, VERSION, engine_name)
    card = json.loads((trained_version.folder / "model_card.json").read_text())
    expected = card["figures"]["parts"]["test"]
    for name in ("accuracy", "sensitivity", "specificity"):
        assert found[name]["value"] == expected[name]["value"]
    assert found["brier"]["value"] == pytest.approx(expected["brier"]["value"], abs=1e-3)


def whole_data_set(data: Path) -> Path:
    shutil.copytree(data, data.parent / "both" / "Train")
    shutil.copytree(data, data.parent / "both" / "Test")
    return data.parent / "both"


def one_class(data: Path) -> Path:
    shutil.rmtree(data / "COVID")
    return data


def nothing_usable(data: Path) -> Path:
    for path in (data / "COVID").iterdir():
        path.write_bytes(b"")
    return data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data / "nowhere", "There is no folder"),
        (one_class, "lacks the class folder COVID"),
        (nothing_usable, "0 usable COVID images"),
        (whole_data_set, "holds a Train folder; name the folder with COVID/ and Non-COVID/ itself"),
    ],
)
def test_data_that_cannot_be_judged_are_refused(data, engine, change, message):
    with pytest.raises(CommandError, match=message):
        call_command("evaluate_model", data=change(data))


def test_a_missing_model_is_reported_first(settings, tmp_path, data):
    settings.MODELS_DIR = tmp_path / "models"
    with pytest.raises(CommandError, match="No model is in use"):
        call_command("evaluate_model", data=data / "nowhere")


def test_an_unwritable_output_is_found_first(data, answers, tmp_path):
    with pytest.raises(CommandError, match="no folder"):
        call_command("evaluate_model", data=data, json=tmp_path / "nowhere" / "figures.json")
