"""A hospital's installation with a bit of everything in it, and another machine with nothing."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.models import User
from backup.contents import models_kept, rows_of
from diagnosis.models import Diagnosis
from diagnosis.reviews.services import outcome_add, review_add
from tests.cast import PASSWORD
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png, stored_files

NAME = "Łukasz O'Brien-Đặng \U0001f9ec"


@pytest.fixture
def installation(
    transactional_db: None, alice: User, bob: User, charlie: User, dora: User, engine: ToyEngine, dicom_samples: Path
) -> User:
    """Two hospitals' people, patients, studies, reviews, reports (one superseded), second factors, a wrong password."""
    client = Client()
    client.post("/accounts/sign-in/", {"username": "alice", "password": "canary-wrong-password"})
    assert client.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 302
    dicom = SimpleUploadedFile(
        "thorax.dcm", radiograph_dicom(dicom_samples, PatientName="Müller^Jörg", PatientID="P-2")
    )
    client.post("/upload/", {"radiograph": dicom})
    picture = SimpleUploadedFile("chest.png", radiograph_png())
    client.post("/upload/", {"radiograph": picture, "reference": "P-1", "name": NAME, "notes": "fever\r\n\t'\"\\"})
    diagnosis = Diagnosis.objects.latest("pk")
    review_add(
        user=bob, diagnosis=diagnosis, conclusion="unlikely", reason="alte Narben — \u0627\u0644\u0631\u0626\u0629"
    )
    outcome_add(user=alice, study=diagnosis.study, result="positive", sampled=date(2026, 3, 14))
    made(alice, diagnosis)
    made(alice, diagnosis)
    diagnosed(charlie, seed=4)
    TOTPDevice.objects.create(user=dora, name="app", confirmed=True)
    StaticDevice.objects.create(user=dora, name="codes").token_set.create(token="abcdefgh")
    return alice


@pytest.fixture
def archive(installation: User, tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar"
    call_command("backup", path)
    return path


@pytest.fixture
def small_installation(transactional_db: None, alice: User, engine: ToyEngine) -> User:
    """Two studies of one hospital, one reviewed."""
    review_add(user=alice, diagnosis=diagnosed(alice), conclusion="unlikely", reason="old scars")
    diagnosed(alice, seed=1)
    return alice


@pytest.fixture(scope="session")
def _written() -> dict[str, bytes]:
    return {}


@pytest.fixture
def small_archive(_written: dict[str, bytes], request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """That of the small installation; made once, and then the same bytes for every test."""
    path = tmp_path / "small.tar"
    if not _written:
        request.getfixturevalue("small_installation")
        call_command("backup", path)
        _written["small"] = path.read_bytes()
    path.write_bytes(_written["small"])
    return path


@pytest.fixture
def empty_machine(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    """Go to a machine on which covidxray is installed and nothing was ever stored."""

    def go() -> None:
        call_command("flush", interactive=False, verbosity=0)
        settings.MEDIA_ROOT = tmp_path / "elsewhere" / "media"
        settings.MODELS_DIR = tmp_path / "elsewhere" / "models"
        settings.MODELS_DIR.mkdir(parents=True)

    return go


def every_row() -> dict[str, list[dict[str, Any]]]:
    """All that an archive should bring back, as the database gives it."""
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models_kept()}


def without_audit(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {label: values for label, values in found.items() if not label.startswith("audit.")}


def every_hash(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in stored_files(folder)
    }


def is_empty(media_root: Path) -> bool:
    """Nothing of an archive is here, not even half of it or a folder aside."""
    rows = any(rows_of(model).exists() for model in models_kept())
    return not rows and (not media_root.exists() or not list(media_root.iterdir()))
