"""The upload page: one file in, its result or the reason why not."""

import errno
import logging
import shutil
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from diagnosis.errors import ModelUnavailable
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.models import Diagnosis, Study
from tests.cast import client_of
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import radiograph_dicom, radiograph_png, stored_files, upload, upload_named

NOTHING_KEPT: tuple[int, int, list[Path]] = (0, 0, [])


def kept(media_root: Path) -> tuple[int, int, list[Path]]:
    return Study.objects.count(), Diagnosis.objects.count(), stored_files(media_root)


@pytest.fixture
def client(alice: User, engine: ToyEngine) -> Client:
    return client_of(alice)


def test_the_page_asks_for_one_file(client: Client) -> None:
    page = client.get(reverse("diagnosis:upload"))
    assert page.status_code == 200
    assert b'type="file"' in page.content


def test_an_upload_leads_to_its_result(client: Client, alice: User) -> None:
    answer = upload(client, radiograph_png(), "Thorax (1).png")
    diagnosis = Diagnosis.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == diagnosis.get_absolute_url()
    assert (diagnosis.requested_by, diagnosis.study.institution) == (alice, alice.institution)
    assert (diagnosis.study.file_name, diagnosis.study.format) == ("Thorax (1).png", "PNG")
    assert (diagnosis.prediction, diagnosis.model_version.version) == ("Positive", "toy-1")
    assert diagnosis.probability == pytest.approx(0.31)


def test_a_dicom_keeps_its_tags_and_bytes(client: Client, dicom_samples: Path) -> None:
    content = radiograph_dicom(dicom_samples, PatientName="Curie^Marie", InstitutionAddress="not kept")
    upload(client, content, "IM0001")
    study = Study.objects.get()
    assert (study.format, study.width, study.height) == ("DICOM", 1841, 1955)
    assert (study.dicom or {})["patient_birth_date"] == "1940-03-05"
    assert "not kept" not in str(study.dicom)
    assert Path(study.original.path).read_bytes() == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "This file is empty"),
        (b"<svg onload=alert(1)>", "not a JPEG, PNG or DICOM picture"),
        (radiograph_png()[:-200], "damaged or incomplete"),
        (radiograph_png(width=60, height=60), "cannot be assessed"),
    ],
)
def test_a_refused_file_is_explained_and_not_kept(
    client: Client, engine: ToyEngine, media_root: Path, content: bytes, reason: str
) -> None:
    answer = upload(client, content, "odd.png")
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert "odd.png" in answer.content.decode()
    assert kept(media_root) == NOTHING_KEPT
    assert engine.runs == 0


def test_a_form_without_a_file_is_explained(client: Client, media_root: Path) -> None:
    answer = client.post(reverse("diagnosis:upload"))
    assert answer.status_code == 422
    assert "Choose a radiograph" in answer.content.decode()


def test_a_file_over_the_limit_is_refused_unread(client: Client, engine: ToyEngine, media_root: Path) -> None:
    with mock.patch("diagnosis.uploads.answers.diagnosis_create", side_effect=AssertionError("it was read")):
        answer = upload(client, b"\0" * (MAX_FILE_BYTES + 1))
    assert answer.status_code == 413
    assert "larger than 50 MB" in answer.content.decode()
    assert kept(media_root) == NOTHING_KEPT


def test_an_oversized_request_is_not_parsed(client: Client, settings: Settings, media_root: Path) -> None:
    settings.UPLOAD_MAX_REQUEST_BYTES = settings.ANONYMOUS_MAX_REQUEST_BYTES = 1000
    answer = upload(client, radiograph_png())
    assert answer.status_code == 413
    assert "Too large" in answer.content.decode()
    assert kept(media_root) == NOTHING_KEPT


def test_a_stranger_cannot_send_much(stranger: Client) -> None:
    body = {"username": "alice", "password": "x" * 2 * 1024**2}
    assert stranger.post(reverse("accounts:sign-in"), body).status_code == 413


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"..\\..\\evil.png", "evil.png"),
        (b"../../etc/passwd", "passwd"),
        (b"nul\0byte.png", "nulbyte.png"),
        ("é".encode() * 204 + b".png", "é" * 99 + "…" + "é" * 16 + ".png"),
        (b"<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("\u202egnp.exe".encode(), "gnp.exe"),
    ],
)
def test_an_odd_file_name_is_made_safe(client: Client, media_root: Path, name: bytes, shown: str) -> None:
    answer = upload_named(client, radiograph_png(), name)
    assert answer.status_code == 302
    assert Study.objects.get().file_name == shown
    page = client.get(answer["Location"]).content.decode()
    assert "<img src=x" not in page
    assert {path.name for path in stored_files(media_root)} == {"original", "display.jpg", "thumbnail.jpg"}


def test_a_name_of_nothing_but_a_folder_is_no_file(client: Client, media_root: Path) -> None:
    assert upload_named(client, radiograph_png(), b"..\\").status_code == 422
    assert kept(media_root) == NOTHING_KEPT


def test_extra_fields_change_nothing(client: Client, alice: User, charlie: User) -> None:
    upload(
        client,
        radiograph_png(),
        institution=str(charlie.institution_id),
        uploaded_by=str(charlie.pk),
        probability="0.99",
        prediction="Negative",
        is_staff="1",
    )
    diagnosis = Diagnosis.objects.get()
    assert (diagnosis.requested_by, diagnosis.study.institution) == (alice, alice.institution)
    assert diagnosis.probability == pytest.approx(0.31)
    assert User.objects.filter(is_staff=True).count() == 0


def test_the_same_file_has_the_same_result(client: Client, engine: ToyEngine, media_root: Path) -> None:
    first, again = upload(client, radiograph_png(), "a.png"), upload(client, radiograph_png(), "b.png")
    assert again["Location"] == first["Location"]
    assert "was uploaded and classified before" in client.get(again["Location"]).content.decode()
    assert (Study.objects.count(), Diagnosis.objects.count(), len(stored_files(media_root))) == (1, 1, 3)
    assert engine.runs == 1


def test_a_colleague_gets_the_same_result(client: Client, bob: User) -> None:
    """A colleague uploading the same file gets the same result."""
    first, again = upload(client, radiograph_png()), upload(client_of(bob), radiograph_png())
    assert again["Location"] == first["Location"]


def test_another_institution_learns_nothing(client: Client, charlie: User) -> None:
    """Another institution uploading the same file learns nothing."""
    upload(client, radiograph_png())
    answer = upload(client_of(charlie), radiograph_png())
    page = client_of(charlie).get(answer["Location"]).content.decode()
    assert "before" not in page
    assert Study.objects.count() == 2


def test_a_new_model_makes_a_new_result(client: Client, toy_models: Path) -> None:
    from diagnosis.inference.serving import forget_classifier

    first = upload(client, radiograph_png())
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    forget_classifier()
    second = upload(client, radiograph_png())
    assert (Study.objects.count(), Diagnosis.objects.count()) == (1, 2)
    page = client.get(second["Location"]).content.decode()
    assert first["Location"] in page
    assert "toy-1: Positive" in page


def test_without_a_model_the_site_goes_on(client: Client, toy_models: Path, media_root: Path) -> None:
    shutil.rmtree(toy_models / "toy-1")
    answer = upload(client, radiograph_png())
    assert answer.status_code == 503
    assert "model_card.json of model toy-1 is missing" in answer.content.decode()
    assert kept(media_root) == NOTHING_KEPT
    assert client.get(reverse("diagnosis:results")).status_code == 200


def test_a_model_without_a_number(client: Client, engine: ToyEngine, media_root: Path) -> None:
    engine.probability = float("nan")
    assert upload(client, radiograph_png()).status_code == 503
    assert kept(media_root) == NOTHING_KEPT


@pytest.mark.parametrize(
    ("fault", "status"),
    [(ModelUnavailable("The model is busy."), 503), (MemoryError(), 500), (np.linalg.LinAlgError(), 500)],
)
def test_an_engine_fault_stores_nothing(
    client: Client, engine: ToyEngine, media_root: Path, fault: Exception, status: int
) -> None:
    engine.fault = fault
    assert upload(client, radiograph_png()).status_code == status
    assert kept(media_root) == NOTHING_KEPT
    engine.fault = None
    assert upload(client, radiograph_png()).status_code == 302


class FullDisk(FileSystemStorage):
    """Takes half of the second file, as a disk does that fills up."""

    files = 0

    def _save(self, name, content):
        type(self).files += 1
        if self.files % 2 == 1:
            return super()._save(name, content)  # type: ignore[misc]
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read(100))
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_and_leaves_nothing(client: Client, settings: Settings, media_root: Path) -> None:
    working = settings.STORAGES
    settings.STORAGES = {**working, "default": {"BACKEND": f"{__name__}.FullDisk"}}
    answer = upload(client, radiograph_png())
    assert answer.status_code == 507
    assert "The storage is full" in answer.content.decode()
    assert kept(media_root) == NOTHING_KEPT
    settings.STORAGES = working
    assert upload(client, radiograph_png()).status_code == 302


def test_a_database_that_goes_away_leaves_no_file(client: Client, media_root: Path) -> None:
    def fail(execute, sql, params, many, context):
        if "INSERT INTO" in sql and "diagnosis_diagnosis" in sql:
            raise OperationalError("server has gone away")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        answer = upload(client, radiograph_png())
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert kept(media_root) == NOTHING_KEPT
    assert upload(client, radiograph_png()).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_leaves_no_file(client: Client, media_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("server has gone away")

    monkeypatch.setattr(connection, "_commit", fail)
    assert upload(client, radiograph_png()).status_code == 503
    monkeypatch.undo()
    assert kept(media_root) == NOTHING_KEPT


def test_a_patients_name_is_in_no_log(
    client: Client,
    charlie: User,
    dicom_samples: Path,
    media_root: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A patients name reaches no log no file name and no stranger."""
    caplog.set_level(logging.DEBUG)
    content = radiograph_dicom(dicom_samples, PatientName="Canary^Zebra", PatientID="Canary-7")
    answer = upload(client, content, "Canary.dcm")
    assert "Canary" in client.get(answer["Location"]).content.decode()
    refused = upload(client, radiograph_dicom(dicom_samples, PatientName="Canary^Zebra", Modality="CT"), "Canary.dcm")
    assert refused.status_code == 422
    assert "Canary" not in caplog.text
    assert not [path for path in stored_files(media_root) if "anary" in path.name]
    other = client_of(charlie)
    for page in (answer["Location"], reverse("diagnosis:home"), reverse("diagnosis:results")):
        assert "Canary" not in other.get(page).content.decode()


def test_a_post_without_a_csrf_token_is_refused(alice: User, engine: ToyEngine, media_root: Path) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    answer = upload(strict, radiograph_png())
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()
    assert kept(media_root) == NOTHING_KEPT
