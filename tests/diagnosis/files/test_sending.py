"""What Django tells nginx to send, seen without nginx; tests/deploy sees it with."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from diagnosis.files.sending import download_name
from diagnosis.models import Diagnosis, Study
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png


@pytest.fixture
def study(alice: User, engine: ToyEngine, settings: Settings) -> Study:
    settings.X_ACCEL_PREFIX = "/stored/"
    diagnosis: Diagnosis = diagnosed(alice, name="thorax é.png")
    return diagnosis.study


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def address(study: Study, name: str = "display") -> str:
    return reverse(f"diagnosis:{name}", args=[study.uuid])


@pytest.mark.parametrize(("name", "ending"), [("display", "display.jpg"), ("thumbnail", "thumbnail.jpg")])
def test_a_picture_is_named_to_nginx_and_not_sent(client: Client, study: Study, name: str, ending: str) -> None:
    answer = client.get(address(study, name))
    assert answer["X-Accel-Redirect"] == f"/stored/radiographs/{study.uuid.hex[:2]}/{study.uuid}/{ending}"
    assert (answer.content, answer["Content-Type"]) == (b"", "image/jpeg")


@pytest.mark.parametrize(
    ("name", "kind", "saved"),
    [
        ("chest.png", "PNG", "chest.png"),
        ("chest.JPEG", "JPEG", "chest.JPEG"),
        ("chest.html", "PNG", "chest.html.png"),
        ("chest.svg", "JPEG", "chest.svg.jpg"),
        ("chest.exe", "DICOM", "chest.exe.dcm"),
        ("IM000001", "DICOM", "IM000001.dcm"),
        ("chest.png", "JPEG", "chest.png.jpg"),
        ("chest", "else", "chest.bin"),
    ],
)
def test_a_download_is_named_by_what_it_is(name: str, kind: str, saved: str) -> None:
    assert download_name(name, kind) == saved


def test_a_polyglot_is_saved_as_a_picture(alice: User, engine: ToyEngine) -> None:
    """A picture that is a page too, under a page's name."""
    content = radiograph_png() + b"<html><script>alert(1)</script></html>"
    diagnosis = diagnosis_create(user=alice, content=content, file_name="chest.html").diagnosis
    answer = client_of(alice).get(address(diagnosis.study, "original"))
    assert answer["Content-Disposition"] == 'attachment; filename="chest.html.png"'
    assert answer.getvalue() == content


def test_the_original_is_only_ever_saved(client: Client, study: Study) -> None:
    answer = client.get(address(study, "original"))
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''thorax%20%C3%A9.png"
    assert answer["Content-Type"] == "application/octet-stream"


def test_strangers_learn_no_name(study: Study, charlie: User, stranger: Client) -> None:
    for client in (client_of(charlie), stranger):
        assert not client.get(address(study)).has_header("X-Accel-Redirect")


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "radiographs/../../secret", "linked/secret", "linked"])
def test_a_name_outside_storage_is_refused(client: Client, study: Study, media_root: Path, name: str) -> None:
    (media_root.parent / "secret").write_text("not for you")
    (media_root / "linked").symlink_to(media_root.parent)
    Study.objects.filter(pk=study.pk).update(display=name)
    answer = client.get(address(study))
    assert answer.status_code == 400
    assert not answer.has_header("X-Accel-Redirect")


def test_odd_characters_of_a_name_stay_part_of_it(client: Client, study: Study, media_root: Path) -> None:
    (media_root / "a?b%2e#\nc").write_bytes(b"")
    Study.objects.filter(pk=study.pk).update(display="a?b%2e#\nc")
    assert client.get(address(study))["X-Accel-Redirect"] == "/stored/a%3Fb%252e%23%0Ac"


def test_a_file_that_is_gone_is_said_to_be_missing(client: Client, study: Study) -> None:
    Path(study.display.path).unlink()
    answer = client.get(address(study))
    assert answer.status_code == 404
    assert "This file is missing" in answer.content.decode()


def test_request_ids_come_only_from_a_proxy(client: Client, settings: Settings) -> None:
    """The proxy's number of a request is taken only from a proxy."""
    number = "0123456789abcdef" * 2
    assert client.get("/", headers={"X-Request-ID": number})["X-Request-ID"] != number
    settings.BEHIND_PROXY = True
    assert client.get("/", headers={"X-Request-ID": number})["X-Request-ID"] == number
    for other in ("a" * 31, "patient Canary", f"{number}\n"):
        assert client.get("/", headers={"X-Request-ID": other})["X-Request-ID"] != other
