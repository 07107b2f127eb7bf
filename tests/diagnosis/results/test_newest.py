"""The home page's newest results and the list of all of them."""

import re
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.home.counts import RECENT_RESULTS
from diagnosis.home.worklist import SHOWN_AT_HOME
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.rows import stored_result
from tests.uploads import diagnosed, radiograph_dicom

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/", "/results/"])
def test_without_results_it_says_so(client: Client, address: str) -> None:
    assert "Nothing has been classified" in text_of(client, address)


@pytest.mark.parametrize("address", ["/", "/results/"])
def test_a_row_leads_to_its_result(client: Client, alice: User, address: str) -> None:
    diagnosis = diagnosed(alice, name="thorax.png")
    text = text_of(client, address)
    for part in (diagnosis.get_absolute_url(), f"{diagnosis.study.uuid}/thumbnail.jpg", "thorax.png", "Alice"):
        assert part in text
    assert "Positive" in text
    assert "31\N{NO-BREAK SPACE}%" in text


def test_the_newest_is_first(client: Client, alice: User) -> None:
    older, newer = diagnosed(alice, 1, "older.png"), diagnosed(alice, 2, "newer.png")
    text = text_of(client, "/results/")
    assert text.index(newer.study.file_name) < text.index(older.study.file_name)


def test_colleagues_yes_strangers_no(client: Client, bob: User, charlie: User) -> None:
    diagnosed(bob, name="bobs.png")
    diagnosed(charlie, name="charlies.png")
    text = text_of(client, "/results/")
    assert "bobs.png" in text
    assert "charlies.png" not in text


def test_home_shows_a_few_and_the_way_to_the_rest(client: Client, alice: User) -> None:
    newest = diagnosed(alice)
    for _ in range(RECENT_RESULTS + SHOWN_AT_HOME + 1):
        stored_result(alice)
    text = text_of(client, "/")
    assert text.count("thumbnail.jpg") == RECENT_RESULTS + SHOWN_AT_HOME
    assert len(set(re.findall(r"/studies/([\w-]+)/thumbnail.jpg", text))) == RECENT_RESULTS + SHOWN_AT_HOME
    assert str(newest.study.uuid) in text
    assert "/results/" in text


def test_an_administrator_is_led_elsewhere(dora: User) -> None:
    """An administrator without the clinical role is led to the administration."""
    text = text_of(client_of(dora), "/")
    assert "/admin/" in text
    assert "/upload/" not in text


def test_stored_html_in_a_file_name_stays_text(client: Client, alice: User) -> None:
    diagnosed(alice, name="<img src=x onerror=alert(1)>.png")
    for address in ("/", "/results/"):
        text = text_of(client, address)
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_a_nameless_patient_has_a_link(client: Client, alice: User, dicom_samples: Path) -> None:
    content = radiograph_dicom(dicom_samples, PatientName="", PatientID="", PatientSex="F")
    study = diagnosis_create(user=alice, content=content, file_name="IM1").diagnosis.study
    assert study.patient is not None
    (words,) = re.findall(rf'<a href="{study.patient.get_absolute_url()}">(.*?)</a>', text_of(client, "/results/"))
    assert "Unnamed patient" in words
