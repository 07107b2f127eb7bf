"""The same radiograph again: in the same file, in another file, or another picture under its name."""

import io
from pathlib import Path
from unittest import mock

import numpy as np
import pydicom
import pytest
from django.test import Client
from PIL import Image
from pydicom import uid
from pytest_django import Settings

from accounts.models import User
from diagnosis.errors import CorrectableRadiograph
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.serving import forget_classifier
from diagnosis.models import Patient, Refusal, Study
from diagnosis.studies.services import study_void
from diagnosis.uploads.entered import EnteredDetails
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.diagnosis.imaging import dicom_files as make
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import radiograph_png, upload

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096, "BitsStored": 12, "HighBit": 11}


@pytest.fixture
def client(alice: User, engine: ToyEngine, media_root: Path) -> Client:
    return client_of(alice)


def send(client: Client, content: bytes, **entered: str):
    return client.post(
        "/upload/",
        {"radiograph": io.BytesIO(content), **entered},
        headers={"Accept": "application/json"},
    )


def instance(uid_: str | None = "1.2.3.4", pixels: np.ndarray = PIXELS, **tags: object) -> bytes:
    return make.dicom(pixels, SOPInstanceUID=uid_, **WINDOW, **tags)


def as_jpeg_2000(**tags: object) -> bytes:
    return make.compressed(PIXELS, uid.JPEG2000Lossless, make.jpeg_2000, **WINDOW, **tags)


SAME = {
    "a header that an archive rewrote": instance(AccessionNumber="A-7", StudyDate="20260101"),
    "another compression": as_jpeg_2000(),
    "another instance of the very picture": instance("9.9.9"),
    "another window": make.dicom(
        PIXELS, SOPInstanceUID="1.2.3.4", BitsStored=12, HighBit=11, WindowCenter=1500, WindowWidth=2500
    ),
    "without its UID": instance(None),
}


@pytest.mark.parametrize("case", SAME)
def test_other_bytes_of_the_same_radiograph(client: Client, case: str) -> None:
    first = send(client, instance()).json()
    again = send(client, SAME[case])
    assert (again.status_code, again.json()["state"], again.json()["result"]) == (200, "repeat", first["result"])
    assert "from another file" in again.json()["text"]
    assert Study.objects.count() == 1


def test_the_same_bytes_are_told_apart_from_others(client: Client) -> None:
    send(client, instance())
    assert send(client, instance()).json()["text"].startswith("This file was uploaded")


def test_a_picture_of_the_dicom_file_is_the_same(client: Client) -> None:
    first = send(client, instance()).json()
    stream = io.BytesIO()
    Image.fromarray(read_radiograph(instance()).pixels).save(stream, "PNG")
    assert send(client, stream.getvalue()).json()["result"] == first["result"]


def test_another_picture_under_the_same_uid_is_refused(client: Client) -> None:
    send(client, instance())
    changed = PIXELS.copy()
    changed[50:60, 50:60] = 4000
    answer = send(client, instance(pixels=changed))
    assert (answer.status_code, answer.json()["state"]) == (422, "refused")
    assert "another picture" in answer.json()["text"]
    assert (Study.objects.count(), Refusal.objects.get().reason) == (1, "instance-contradiction")


def test_another_patients_name_on_it_is_told(client: Client) -> None:
    send(client, instance(PatientID="P-1", PatientName="Doe^Jane"))
    answer = send(client, instance(PatientID="P-2", PatientName="Roe^Max")).json()
    assert answer["state"] == "repeat"
    assert "a different patient" in answer["text"]
    assert Patient.objects.get().reference == "P-1"


def test_pictures_without_a_uid_are_no_instance_of_each_other(client: Client) -> None:
    first, other = (send(client, radiograph_png(seed)).json() for seed in (1, 2))
    assert first["result"] != other["result"]
    assert Study.objects.filter(sop_instance_uid=None).count() == 2


def test_two_hospitals_keep_the_same_radiograph_each(client: Client, charlie: User) -> None:
    send(client, instance())
    assert send(client_of(charlie), instance()).json()["state"] == "done"
    assert Study.objects.count() == 2


def test_a_voided_one_stays_voided_in_another_file(client: Client, alice: User) -> None:
    send(client, instance())
    study_void(user=alice, study=Study.objects.get(), reason="wrong")
    assert send(client, as_jpeg_2000()).json()["state"] == "voided"


def test_a_chosen_lateral_is_refused(client: Client) -> None:
    answer = send(client, radiograph_png(), projection="LATERAL")
    assert answer.status_code == 422
    assert "LATERAL" in answer.json()["text"]
    assert (Study.objects.count(), Refusal.objects.get().reason) == (0, "view")


def test_what_was_left_out_is_said_on_the_page(client: Client) -> None:
    content = make.dicom(PIXELS, WindowCenter=60000, WindowWidth=10)
    assert upload(client, content, "a.dcm").status_code == 302
    page = client.get(Study.objects.get().diagnoses.get().get_absolute_url()).content.decode()
    assert "grey levels were chosen automatically" in page


def test_a_file_without_oddities_has_no_notes(client: Client, alice: User) -> None:
    study = diagnosis_create(
        user=alice, content=instance(), file_name="a.dcm", entered=EnteredDetails()
    ).diagnosis.study
    assert (study.reading_notes, study.sop_instance_uid, len(study.pixels_sha256 or "")) == ([], "1.2.3.4", 64)


def serve_newer(settings: Settings, folder: Path) -> None:
    settings.MODELS_DIR = folder / "newer"
    write_toy_model(settings.MODELS_DIR, "toy-2", weights_sha256="cd" * 32)
    forget_classifier()


def turned(*_arguments: object) -> None:
    raise CorrectableRadiograph("It is turned.", code="turned", correction="turn-90")


def seen_by(engine: ToyEngine) -> np.ndarray:
    assert engine.seen is not None
    return engine.seen


@pytest.mark.parametrize(("first", "then"), [("", "turn-90"), ("turn-90", ""), ("turn-90", "invert")])
def test_a_newer_model_answers_the_stored_picture(
    client: Client, engine: ToyEngine, settings: Settings, tmp_path: Path, first: str, then: str
) -> None:
    """Its heat map lies over the copies that the first answer was of, whatever is asked for now."""
    send(client, radiograph_png(), correction=first)
    before = seen_by(engine)
    serve_newer(settings, tmp_path)
    assert send(client, radiograph_png(), correction=then).json()["state"] == "done"
    assert np.array_equal(seen_by(engine), before)
    study = Study.objects.get()
    assert (study.correction, study.diagnoses.count()) == (first, 2)


def test_other_bytes_to_be_turned_are_the_same_study(client: Client) -> None:
    first = send(client, radiograph_png()).json()
    again = io.BytesIO()
    Image.open(io.BytesIO(radiograph_png())).save(again, "PNG", compress_level=1)
    assert send(client, again.getvalue(), correction="turn-180").json()["result"] == first["result"]
    assert Study.objects.count() == 1


def test_a_newer_model_that_would_turn_it_leaves_the_answer(client: Client, settings: Settings, tmp_path: Path) -> None:
    first = send(client, radiograph_png()).json()
    serve_newer(settings, tmp_path)
    with mock.patch("diagnosis.inference.classifier.check_assessable", turned):
        for correction in ("", "turn-90"):
            again = send(client, radiograph_png(), correction=correction).json()
            assert (again["state"], again["result"]) == ("repeat", first["result"])
            assert "It is turned." in again["text"]
    assert Study.objects.get().correction == ""


def test_a_person_may_leave_it_as_it_is(client: Client) -> None:
    flipped = instance(FieldOfViewHorizontalFlip="YES")
    refused = send(client, flipped).json()
    assert (refused["state"], refused["correction"]) == ("refused", "as-is")
    assert send(client, flipped, correction="as-is").json()["state"] == "done"
    assert Study.objects.get().correction == "as-is"
    assert "Leave it as it is" in client.get(Study.objects.get().diagnoses.get().get_absolute_url()).content.decode()


def test_a_report_page_and_a_heat_map_are_refused(client: Client) -> None:
    upload(client, radiograph_png(), "a.png")
    result = Study.objects.get().diagnoses.get()
    heat = client.get(f"{result.get_absolute_url()}heat-map.png")
    assert heat.status_code == 200
    assert "this site made" in send(client, heat.content).json()["text"]


def test_the_samples_are_one_study(client: Client, dicom_samples: Path) -> None:
    """The uncompressed chest and its lossless twin."""
    first = send(client, (dicom_samples / "RG1_UNCR.dcm").read_bytes()).json()
    assert send(client, (dicom_samples / "RG1_J2KR.dcm").read_bytes()).json()["result"] == first["result"]
    assert pydicom.dcmread(dicom_samples / "RG1_UNCR.dcm").SOPInstanceUID == Study.objects.get().sop_instance_uid
