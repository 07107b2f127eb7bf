"""An administrator chooses the version that answers: recorded, its card beside it, and every process follows."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEntry
from diagnosis.inference.artifacts import current_version, set_current_version
from diagnosis.inference.serving import get_classifier
from tests.cast import client_of
from tests.toy import ToyEngine, write_toy_model

CHOOSE = "/admin/diagnosis/modelversion/choose/"


@pytest.fixture
def models(toy_models: Path, engine: ToyEngine) -> Path:
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    set_current_version(toy_models, "toy-1")
    return toy_models


def test_a_version_is_chosen(dora: User, models: Path) -> None:
    client = client_of(dora)
    assert get_classifier().model_version == "toy-1"
    page = client.get(CHOOSE).content.decode()
    assert f"{CHOOSE}toy-2/" in page
    assert f"{CHOOSE}toy-1/" not in page, "it answers already"
    confirm = client.get(f"{CHOOSE}toy-2/").content.decode()
    assert 'href="/models/toy-2/"' in confirm
    assert current_version(models) == "toy-1"
    assert client.post(f"{CHOOSE}toy-2/").status_code == 302
    assert get_classifier().model_version == "toy-2"
    entry = AuditEntry.objects.get(action="model-chosen")
    assert (entry.actor, entry.detail["version"]) == (dora.uuid, "toy-2")


def test_a_damaged_one_is_not(dora: User, models: Path) -> None:
    (models / "toy-2" / "serving.bin").write_bytes(b"another network")
    page = client_of(dora).post(f"{CHOOSE}toy-2/").content.decode()
    assert "missing or damaged" in page
    assert current_version(models) == "toy-1"
    assert not AuditEntry.objects.filter(action="model-chosen").exists()


def test_a_folder_that_is_read_only_says_so(dora: User, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr("diagnosis.model_cards.choosing.set_current_version", refuse)
    page = client_of(dora).post(f"{CHOOSE}toy-2/").content.decode()
    assert "manage.py use_model" in page
    assert not AuditEntry.objects.filter(action="model-chosen").exists()


@pytest.mark.parametrize("version", ["toy-9", "current.json", "%2e%2e"])
def test_what_is_no_version_is_not_found(dora: User, models: Path, version: str) -> None:
    assert client_of(dora).post(f"{CHOOSE}{version}/").status_code == 404


def test_it_is_the_administrators(alice: User, models: Path, client: Client) -> None:
    client.force_login(alice)
    client.post(f"{CHOOSE}toy-2/")
    assert current_version(models) == "toy-1"
