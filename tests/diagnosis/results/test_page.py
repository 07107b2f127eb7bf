"""The page of one result."""

import re
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom

SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def page_of(client: Client, diagnosis) -> str:
    answer = client.get(diagnosis.get_absolute_url())
    assert answer.status_code == 200
    return re.sub("[ \n]+", " ", answer.content.decode().replace("<span>", ""))


@pytest.mark.parametrize(
    ("probability", "label", "advice"),
    [
        (0.5, "Positive", ""),
        (0.49, "Positive", f"Below 50 %, and still Positive: answers count as Positive from 28{SPACE}%"),
        (0.1, "Negative", ""),
        (0.25, "Indeterminate", "refer to a radiologist"),
    ],
)
def test_the_operating_point_is_shown(
    client: Client, alice: User, engine: ToyEngine, probability: float, label: str, advice: str
) -> None:
    engine.probability = probability
    text = page_of(client, diagnosed(alice))
    assert f"</svg>{label}</span>" in text
    assert f"COVID probability {probability * 100:.0f}{SPACE}% (Positive from 28{SPACE}%)" in text
    assert advice in text
    assert text.count(f"COVID probability {probability * 100:.0f}") == 1


def test_the_scale_draws_point_and_band(client: Client, alice: User, engine: ToyEngine) -> None:
    text = page_of(client, diagnosed(alice))
    assert '<svg x="31.00%"' in text
    assert '<line class="scale-operating" x1="24.00%"' in text
    assert '<rect class="scale-band" x="20.00%" y="24" width="8.00%"' in text


def test_it_names_model_engine_time_and_image(client: Client, alice: User, engine: ToyEngine) -> None:
    diagnosis = diagnosed(alice)
    text = page_of(client, diagnosis)
    for part in ("toy-1", "ab" * 32, "<dd>toy</dd>", " ms</dd>", "320 × 256 pixels", diagnosis.study.sha256):
        assert part in text
    assert "<dt>Preprocessing</dt><dd>the whole picture; grey levels as they are (version 1)</dd>" in text


def test_the_heat_map_is_never_called_a_lesion(client: Client, alice: User, engine: ToyEngine) -> None:
    diagnosis = diagnosed(alice)
    text = page_of(client, diagnosis)
    assert "What the model used – not a lesion." in text
    assert f"/results/{diagnosis.uuid}/heat-map.png" in text


@pytest.mark.parametrize(
    ("probability", "opacities", "wanted", "shown"),
    [
        (0.3, "", True, True),
        (0.1, "", True, False),
        (0.1, "yes", True, True),
        (0.1, "no", True, False),
        (0.3, "", False, False),
    ],
)
def test_the_map_is_off_where_it_would_mislead(
    client: Client, alice: User, engine: ToyEngine, probability: float, opacities: str, wanted: bool, shown: bool
) -> None:
    """Below the operating point (0.24), unless there are opacities to show; and for who does not want it."""
    engine.probability = probability
    diagnosis = diagnosed(alice)
    Diagnosis.objects.filter(pk=diagnosis.pk).update(opacities=opacities, opacity_map=diagnosis.heat_map)
    User.objects.filter(pk=alice.pk).update(shows_heat_map=wanted)
    switch = re.search(r"<input[^>]*data-shown>", page_of(client, diagnosis))
    assert switch
    assert (" checked" in switch[0]) == shown


def test_without_scripts_both_pictures_are_there(client: Client, alice: User, engine: ToyEngine) -> None:
    text = page_of(client, diagnosed(alice))
    fallback = text[text.index("<noscript>") : text.index("</noscript>")]
    assert "display.jpg" in fallback
    assert "heat-map.png" in fallback


def test_a_dicom_files_values_are_shown_as_text(
    client: Client, alice: User, engine: ToyEngine, dicom_samples: Path
) -> None:
    content = radiograph_dicom(dicom_samples, PatientName="<b>Curie</b>^Marie", PatientID="K-7", ViewPosition="AP")
    diagnosis = diagnosis_create(user=alice, content=content, file_name="IM1").diagnosis
    text = page_of(client, diagnosis)
    assert "&lt;b&gt;Curie" in text
    for part in ("K-7", "5 Mar 1940", "<bdi>AP</bdi>", "Explicit VR Little Endian"):
        assert part in text


def test_nothing_of_the_page_needs_an_unsafe_policy(client: Client, alice: User, engine: ToyEngine) -> None:
    text = page_of(client, diagnosed(alice))
    assert "style=" not in text
    assert " on" + "click" not in text
    assert "<script>" not in text


def test_the_picture_says_whose_it_is(client: Client, alice: User, engine: ToyEngine, dicom_samples: Path) -> None:
    unknown = page_of(client, diagnosed(alice))
    assert "Patient not given" in unknown
    assert 'uploaded <time datetime="' in unknown
    content = radiograph_dicom(dicom_samples, PatientName="Curie^Marie", PatientID="K-7", ViewPosition="AP")
    text = page_of(client, diagnosis_create(user=alice, content=content, file_name="IM1").diagnosis)
    picture = text[text.index("viewer-identity") : text.index("data-stage")]
    for part in ("Curie Marie", "K-7", "born 5 Mar 1940", "Female", "26 Aug 2004", ", AP"):
        assert part in picture
