"""manage.py classify: an answer for every file, in a form that programs read, and no database."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from diagnosis.findings import USUAL_CLASSES
from diagnosis.inference.engines import EngineOutput
from diagnosis.management.commands.classify import Line, TableWriter
from tests.toy import ToyEngine
from tests.trained import VERSION, TrainedVersion
from tests.training.radiographs import jpeg, person

KEYS = [
    "file",
    "prediction",
    "probability",
    "confidence",
    "operating_point",
    "model",
    "engine",
    "rejected",
    "milliseconds",
    "quality",
    "opacities",
    "opacity_probability",
    "findings",
    "heat_map",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two radiographs, one of them in a folder of its own."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.jpg").write_bytes(jpeg(person(1)))
    (tmp_path / "in" / "deep" / "b.jpg").write_bytes(jpeg(person(2)))
    return tmp_path / "in"


def classify(*words: str | Path, rejected: bool = False) -> list[dict[str, Any]]:
    """The lines of standard output, each an object; `rejected`: whether the command must end with status 1."""
    out = io.StringIO()
    if rejected:
        with pytest.raises(SystemExit) as end:
            call_command("classify", *map(str, words), "--format", "jsonl", stdout=out, stderr=io.StringIO())
        assert end.value.code == 1
    else:
        call_command("classify", *map(str, words), "--format", "jsonl", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_has_exactly_the_documented_keys(engine, folder):
    [line] = classify(folder / "a.jpg")
    assert list(line) == KEYS
    assert line | {"milliseconds": 0} == {
        "file": str(folder / "a.jpg"),
        "prediction": "Positive",
        "probability": pytest.approx(0.31),
        "confidence": pytest.approx(0.31),
        "operating_point": 0.24,
        "model": "toy-1",
        "engine": "toy",
        "rejected": None,
        "milliseconds": 0,
        "quality": None,
        "opacities": None,
        "opacity_probability": None,
        "findings": None,
        "heat_map": None,
    }
    assert line["milliseconds"] > 0


@pytest.mark.parametrize(("raw", "prediction", "confidence"), [(0.05, "Negative", 0.95), (0.25, "Indeterminate", None)])
def test_the_other_answers(engine, folder, raw, prediction, confidence):
    engine.probability = raw
    [line] = classify(folder / "a.jpg")
    assert (line["prediction"], line["probability"]) == (prediction, pytest.approx(raw))
    assert line["confidence"] == (confidence and pytest.approx(confidence))


def test_folders_are_read_recursively(engine, folder):
    shutil.copytree(folder / "deep", folder / ".cache")
    shutil.copy(folder / "a.jpg", folder / ".a.jpg")
    lines = classify(folder, folder / "a.jpg")
    assert [line["file"] for line in lines] == [str(folder / name) for name in ("a.jpg", "deep/b.jpg", "a.jpg")]


def test_a_bad_file_is_a_rejected_line_and_no_stop(engine, folder, dicom_samples):
    shutil.copy(dicom_samples / "RG3_UNCR.dcm", folder / "0-leg.dcm")
    (folder / "1-text.jpg").write_text("not a picture")
    (folder / "2-empty.png").write_bytes(b"")
    Image.fromarray(np.zeros((200, 200), np.uint8)).save(folder / "3-black.png")
    lines = classify(folder, folder / "nowhere.png", rejected=True)
    refused = {Path(line["file"]).name: line["rejected"] for line in lines if line["rejected"]}
    assert list(refused) == ["0-leg.dcm", "1-text.jpg", "2-empty.png", "3-black.png", "nowhere.png"]
    assert all(reason.endswith(".") and len(reason) > 15 for reason in refused.values())
    assert "No such file" in refused["nowhere.png"]
    for line in lines:
        assert list(line) == KEYS
        assert (line["prediction"] is None) == (line["rejected"] is not None)
        assert (line["probability"] is None) == (line["rejected"] is not None)
    assert [line["prediction"] for line in lines if not line["rejected"]] == ["Positive", "Positive"]
    assert engine.runs == 2


def test_an_unreadable_file_is_a_line(engine, folder, monkeypatch):
    real = Path.open

    def deny(path: Path, *mode: Any, **options: Any) -> Any:
        if path.suffix == ".jpg":
            raise PermissionError(13, "Permission denied")
        return real(path, *mode, **options)

    monkeypatch.setattr(Path, "open", deny)
    [line] = classify(folder / "a.jpg", rejected=True)
    assert line["rejected"] == "The file cannot be read: Permission denied."


ODD_NAMES = [b"caf\xe9.jpg", b"[red]x.jpg", b"a[/b].jpg", b"line\nbreak.jpg", "röntgen.jpg".encode(), b"<b>.jpg"]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("form", ["jsonl", "table"])
def test_any_file_name_will_do(engine, folder, name, form, tmp_path, monkeypatch):
    path = Path("odd") / os.fsdecode(name)
    monkeypatch.chdir(tmp_path)
    path.parent.mkdir(parents=True)
    shutil.copy(folder / "a.jpg", path)
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")  # as strict as a terminal or a file
    with redirect_stdout(written):
        call_command("classify", "odd", "--format", form, stdout=written)
    written.seek(0)
    if form == "jsonl":
        assert json.loads(written.read())["file"] == str(path)
    else:
        shown = written.read()
        assert "Positive" in shown
        assert name.split(b"\n")[0].replace(b"\xe9", "\ufffd".encode()).decode() in shown


def test_a_table_is_for_people(engine, folder, capsys):
    (folder / "deep" / "b.jpg").write_text("not a picture")
    with pytest.raises(SystemExit):
        call_command("classify", str(folder))
    said = capsys.readouterr()
    assert "Positive" in said.out
    assert "31.0%" in said.out
    assert "Rejected" in said.out
    assert said.err.strip() == "1 of 2 files were rejected."


def test_a_terminal_of_80_columns_shows_all(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table, name = TableWriter(USUAL_CLASSES), "a/long/way/to/it/of-a-hospital/PA_erect_0000000001.dcm"
    table(Line(name, "Indeterminate", 0.35, None, 0.5, "toy-1", "toy", None, 99999))
    table.close()
    said = capsys.readouterr().out
    assert "of-a-hospital/PA_erect_0000000001.dcm │ Indeterminate  │ 35.0%  │ 99999 │" in said
    assert max(map(len, said.splitlines())) == 80


def test_nothing_to_classify_is_an_error(engine, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="no file to classify"):
        classify(tmp_path / "empty")


def test_without_a_model_it_says_so(settings, folder, tmp_path):
    settings.MODELS_DIR = tmp_path / "nowhere"
    with pytest.raises(CommandError, match="No model is in use"):
        classify(folder)
    with pytest.raises(CommandError, match="is not a model version"):
        classify(folder, "--model", "../elsewhere")


def test_a_breaking_model_ends_in_a_sentence(engine, folder, monkeypatch):
    """A model that breaks on the way ends the command with a sentence."""
    broken = EngineOutput(np.full((1, 2), np.nan), np.zeros((1, 7, 7)))
    monkeypatch.setattr(ToyEngine, "run", lambda self, images: broken)
    with pytest.raises(CommandError, match="not a number"):
        classify(folder)


def test_both_engines_answer_alike(own_models, folder):
    one, other = (classify(folder, "--engine", name) for name in ("openvino", "keras"))
    for line, reference in zip(one, other, strict=True):
        assert line["probability"] == pytest.approx(reference["probability"], abs=1e-4)
        assert (line["prediction"], line["model"]) == (reference["prediction"], VERSION)
        assert (line["engine"], reference["engine"]) == ("openvino-float32", "keras")


def test_standard_output_holds_only_results(trained_version, folder, project):
    (folder / "bad.jpg").write_text("not a picture")
    command = [sys.executable, "-X", "importtime", "manage.py", "classify", str(folder), "--format", "jsonl"]
    result = subprocess.run(command, cwd=project, env=environment(trained_version), capture_output=True, check=False)
    assert result.returncode == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["prediction"] is None for line in lines] == [False, True, False]
    said = result.stderr.decode()
    assert "1 of 3 files were rejected." in said
    assert re.search(r"\| +openvino$", said, re.MULTILINE)
    assert not re.search(r"\| +(tensorflow|keras)$", said, re.MULTILINE)


def environment(trained: TrainedVersion) -> dict[str, str]:
    """Settings of a machine on which no database can be reached."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "covidxray.settings",
        "COVIDXRAY_ENV_FILE": "",
        "SECRET_KEY": "only-this-test-uses-this-key-and-it-protects-nothing",
        "DEBUG": "False",
        "DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3",
        "MODELS_DIR": str(trained.models_dir),
    }
