"""Uploads to a version that reads lungs: what is stored and shown, and the one click after a refusal."""

from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from diagnosis.imaging.corrections import corrected
from diagnosis.inference import serving
from diagnosis.models import Diagnosis, Study
from tests.cast import client_of
from tests.two_views import with_appearances, with_gate
from tests.uploads import radiograph_png, upload

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def reads_lungs(two_view_models: Path, settings: Settings):
    settings.MODELS_DIR, settings.INFERENCE_ENGINE = two_view_models, "openvino"
    serving.forget_classifier()
    yield
    serving.forget_classifier()


@pytest.fixture
def finds(two_view_models: Path, tmp_path: Path, settings: Settings):
    """Serve a version whose gate finds faults in every picture."""

    def serve(**faults: list[str]) -> None:
        settings.MODELS_DIR = with_gate(two_view_models, tmp_path / "models", **faults)
        settings.INFERENCE_ENGINE = "openvino"
        serving.forget_classifier()

    yield serve
    serving.forget_classifier()


def test_quality_and_opacities_are_stored_and_shown(alice: User, reads_lungs: None):
    client = client_of(alice)
    upload(client, radiograph_png(1))
    diagnosis = Diagnosis.objects.get()
    assert (diagnosis.quality, diagnosis.quality_codes) == ("ok", [])
    assert diagnosis.gate_distance is not None
    assert diagnosis.gate_distance <= 0, "above 0 it would be limited"
    assert diagnosis.opacities in ("yes", "unclear", "no")
    assert diagnosis.lungs is not None
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert "Picture quality" in page
    assert "Opacities in the lungs" in page
    assert not diagnosis.findings.exists()
    assert "What radiologists may call it" not in page
    assert "at hospitals that the model had not seen" in page or diagnosis.prediction == "Indeterminate"
    picture = client.get(f"{diagnosis.get_absolute_url()}opacity-map.png")
    assert picture["Content-Type"] == "image/png"


@pytest.fixture
def knows_appearances(two_view_models: Path, tmp_path: Path, settings: Settings):
    settings.MODELS_DIR = with_appearances(two_view_models, tmp_path / "models")
    settings.INFERENCE_ENGINE = "openvino"
    serving.forget_classifier()
    yield
    serving.forget_classifier()


def test_appearances_are_stored_and_shown(alice: User, knows_appearances: None):
    client = client_of(alice)
    upload(client, radiograph_png(1))
    diagnosis = Diagnosis.objects.get()
    found = dict(diagnosis.findings.order_by("pk").values_list("name", "probability"))
    assert list(found) == ["typical", "indeterminate", "atypical", "negative"]
    assert sum(found.values()) == pytest.approx(1)
    assert diagnosis.appearance == "atypical" == max(found, key=found.__getitem__)
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert page.index("What radiologists may call it") < page.index("Atypical appearance")
    assert "None of them is the answer" in page


def test_limited_quality_says_why(alice: User, finds):
    finds(limited=["inverted"])
    client = client_of(alice)
    upload(client, radiograph_png(1))
    diagnosis = Diagnosis.objects.get()
    assert (diagnosis.prediction, diagnosis.quality) == ("Indeterminate", "limited")
    assert "The radiograph seems to be inverted" in client.get(diagnosis.get_absolute_url()).content.decode()


def test_a_refusal_offers_the_correction(alice: User, finds):
    finds(refused=["turned"])
    answer = send(client_of(alice))
    assert answer.status_code == 422
    assert (answer.json()["state"], answer.json()["correction"]) == ("refused", "turn-90")
    assert Study.objects.count() == 0


def test_a_correction_is_recorded(alice: User, reads_lungs: None):
    client = client_of(alice)
    send(client, correction="turn-90")
    study = Study.objects.get()
    assert study.correction == "turn-90"
    assert "Turn it clockwise by 90°" in client.get(Diagnosis.objects.get().get_absolute_url()).content.decode()


def test_another_correction_is_refused(alice: User, reads_lungs: None):
    assert send(client_of(alice), correction="turn-45").status_code == 422
    assert Study.objects.count() == 0


@pytest.mark.parametrize(("correction", "expected"), [("turn-90", [[3, 1], [4, 2]]), ("turn-180", [[4, 3], [2, 1]])])
def test_turns_are_clockwise(correction: str, expected: list[list[int]]):
    turned = corrected(np.array([[1, 2], [3, 4]], np.uint8), correction)
    assert turned.tolist() == expected


def test_inverting_swaps_black_and_white():
    assert corrected(np.array([[0, 255]], np.uint8), "invert").tolist() == [[255, 0]]


def send(client: Client, **fields: str):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("chest.png", radiograph_png(7))
    return client.post("/upload/", {"radiograph": file, **fields}, headers={"Accept": "application/json"})
