"""manage.py use_model: only a version that can be served is chosen."""

import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from diagnosis.inference.artifacts import current_version
from diagnosis.inference.serving import get_classifier
from tests.toy import write_toy_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def models(toy_models: Path) -> Path:
    """Two versions; toy-1 is served."""
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    call_command("use_model", "toy-1")
    return toy_models


def test_another_version_is_served_from_then_on(models, capsys):
    call_command("use_model", "toy-2")
    assert json.loads((models / "current.json").read_text()) == {"version": "toy-2"}
    assert "toy-2 is served from now on" in capsys.readouterr().out


def test_a_process_that_runs_follows(models, engine):
    assert get_classifier().model_version == "toy-1"
    call_command("use_model", "toy-2")
    assert get_classifier().model_version == "toy-2"


def test_one_that_cannot_be_loaded_changes_nothing(models, engine):
    """Damaged after it was chosen: the one before goes on answering, and not every radiograph tries anew."""
    first = get_classifier()
    call_command("use_model", "toy-2")
    (models / "toy-2" / "serving.bin").unlink()
    assert get_classifier() is first
    assert get_classifier().model_version == "toy-1"


def test_a_link_is_followed(models, tmp_path):
    """A server whose folder of models is read-only keeps the choice elsewhere."""
    (tmp_path / "choice.json").write_text('{"version": "toy-1"}')
    (models / "current.json").unlink()
    (models / "current.json").symlink_to(tmp_path / "choice.json")
    call_command("use_model", "toy-2")
    assert (models / "current.json").is_symlink()
    assert json.loads((tmp_path / "choice.json").read_text()) == {"version": "toy-2"}


@pytest.mark.parametrize(
    "name", ["../models/toy-2", "toy-2/../toy-2", "/etc", "toy-2/", ".", "toy-9", ".toy-2-x", "TOY-2"]
)
def test_an_unknown_version_is_refused(models, name):
    shutil.copytree(models / "toy-2", models / ".toy-2-x")
    with pytest.raises(CommandError, match=r"(is not a model version|is missing).*Versions here: toy-1, toy-2\."):
        call_command("use_model", name)
    assert current_version(models) == "toy-1"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("built.json", "has not been built on this machine"),
        ("serving.bin", r"serving\.bin of model toy-2 is missing or damaged"),
        ("model_card.json", r"model_card\.json of model toy-2 is missing"),
    ],
)
def test_an_unusable_version_is_refused(models, file, message):
    """A version that cannot be served is refused and the choice stays."""
    (models / "toy-2" / file).unlink()
    with pytest.raises(CommandError, match=message):
        call_command("use_model", "toy-2")
    assert current_version(models) == "toy-1"


def test_a_damaged_choice_is_repaired_by_choosing(models):
    (models / "current.json").write_text("{")
    call_command("use_model", "toy-2")
    assert current_version(models) == "toy-2"


def test_without_models_it_says_that_there_are_none(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "nowhere"
    with pytest.raises(CommandError, match="Versions here: none"):
        call_command("use_model", "toy-1")
