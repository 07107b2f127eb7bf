"""The samples of a radiograph are handed out as its picture is: to whom may see it, noted, a few files at a time."""

import threading
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Action, AuditEntry
from diagnosis.files import samples
from diagnosis.files.samples import study_samples
from diagnosis.imaging.decoding import samples_of_untrusted
from diagnosis.models import Diagnosis
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import radiograph_dicom


@pytest.fixture
def film(alice: User, engine: ToyEngine, dicom_samples: Path) -> Diagnosis:
    content = radiograph_dicom(dicom_samples, PatientName="Canary^Jane", PatientID="CANARY-1")
    return diagnosis_create(user=alice, content=content, file_name="film.dcm").diagnosis


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "_kept", samples._kept.__class__())


def asked(client: Client, diagnosis: Diagnosis):
    return client.get(reverse("diagnosis:samples", args=[diagnosis.study.uuid]))


def test_it_is_noted_and_names_nobody(bob: User, film: Diagnosis) -> None:
    answer = asked(client_of(bob), film)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert b"anary" not in answer.content.lower()
    entry = AuditEntry.objects.filter(action=Action.IMAGE_VIEWED).latest("pk")
    assert (entry.subject, entry.actor) == (film.study.uuid, bob.uuid)


def test_it_is_decoded_once_and_forgotten(bob: User, film: Diagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []

    def counted(content: bytes, correction: str = "") -> bytes:
        decoded.append(correction)
        return samples_of_untrusted(content, correction)

    monkeypatch.setattr(samples, "samples_of_untrusted", counted)
    client = client_of(bob)
    assert asked(client, film).content == asked(client, film).content
    assert len(decoded) == 1
    monkeypatch.setattr(samples, "KEPT_SECONDS", 0)
    asked(client, film)
    assert len(decoded) == 2


def test_a_turned_study_has_other_samples(film: Diagnosis) -> None:
    """Turned after somebody looked at it: the samples follow the picture at once."""
    upright = study_samples(film.study)
    film.study.correction = "turn-180"
    assert (
        study_samples(film.study)
        == samples_of_untrusted(Path(film.study.original.path).read_bytes(), "turn-180")
        != upright
    )


def test_too_many_at_once_are_told_to_wait(bob: User, film: Diagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "LONGEST_WAIT", 0)
    monkeypatch.setattr(samples, "_turns", threading.Semaphore(0))
    answer = asked(client_of(bob), film)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"


def test_a_lost_file_is_a_404(bob: User, film: Diagnosis) -> None:
    Path(film.study.original.path).unlink()
    assert asked(client_of(bob), film).status_code == 404
