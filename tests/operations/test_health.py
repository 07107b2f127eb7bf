"""The two questions of a machine: does it run, and could it classify."""

import shutil
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from diagnosis.inference.artifacts import BUILT_FILES, CARD
from diagnosis.inference.serving import forget_classifier
from tests.toy import ToyEngine


def test_it_runs(stranger: Client) -> None:
    assert stranger.get("/healthz").content == b"ok"


def test_it_is_ready(stranger: Client, engine: ToyEngine) -> None:
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "storage": "ok", "model": "ok"})


@pytest.mark.parametrize("damage", ["missing", "card", "graph", "class order"])
def test_a_damaged_model_is_not_ready(stranger: Client, engine: ToyEngine, toy_models: Path, damage: str) -> None:
    """A damaged model is not ready and nothing of it is deleted."""
    folder = toy_models / "toy-1"
    match damage:
        case "missing":
            shutil.move(folder, toy_models / "away")
        case "card":
            (folder / CARD).write_text((folder / CARD).read_text()[:50])
        case "graph":
            (folder / BUILT_FILES[-1]).write_text("altered")
        case "class order":
            card = (folder / CARD).read_text().replace('"COVID"', '"X"').replace('"Non-COVID"', '"COVID"')
            (folder / CARD).write_text(card)
    forget_classifier()
    files = sorted(path.name for path in toy_models.rglob("*"))
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["model"]) == (503, "unavailable")
    assert sorted(path.name for path in toy_models.rglob("*")) == files
    assert stranger.get("/accounts/sign-in/").status_code == 200


def test_read_only_storage_is_not_ready(
    stranger: Client, engine: ToyEngine, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    settings.MEDIA_ROOT = tmp_path / "file"
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["storage"]) == (503, "unavailable")


def test_a_storage_without_space_is_not_ready(
    stranger: Client, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.health.SPARE_BYTES", 10**18)
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["storage"]) == (503, "unavailable")


def test_a_database_that_is_away_is_not_ready(stranger: Client, engine: ToyEngine) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("server has gone away")

    with connection.execute_wrapper(fail):
        answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")
