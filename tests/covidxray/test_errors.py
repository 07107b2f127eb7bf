"""The pages for what went wrong, in the look of the site and without the parts that failed."""

import errno
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import Client

from accounts.models import User
from diagnosis.models import Study
from tests.api.programs import program_of
from tests.cast import client_of
from tests.uploads import diagnosed, radiograph_png, upload


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500, 503, 507])
def test_every_page_says_what_to_do(status: int) -> None:
    text = render_to_string(f"{status}.html", {"limit_megabytes": 200})
    assert f'<p class="error-code">{status}</p>' in text
    assert "covidxray/css/site.css" in text


def test_an_unknown_address(alice: User) -> None:
    answer = client_of(alice).get("/nothing-here")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


FORM = "application/x-www-form-urlencoded"
PART = '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n'
TOO_MANY = "&".join(f"f{number}=" for number in range(2000))


@pytest.mark.parametrize("address", ["/nothing-here", "/upload/", "/admin/accounts/user/add/", "/accounts/sign-in/"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, TOO_MANY),
        (FORM, "x" * 3_000_000),
        (f"{FORM}; charset=utf-7", "x=1"),
        (f"{FORM}; charset=nonsense", "x=1"),
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=" + "b" * 500, "x"),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n' * 1100 + "--b--",
        ),
    ],
    ids=["fields", "bytes", "charset", "no charset", "no boundary", "long boundary", "parts"],
)
def test_an_unreadable_form_is_no_500(alice: User, dora: User, address: str, kind: str, body: str) -> None:
    statuses = [in_a_browser(person).generic("POST", address, body, kind).status_code for person in (alice, dora, None)]
    assert max(statuses) < 500, statuses


def in_a_browser(person: User | None) -> Client:
    """One that has a token's cookie, so that the site looks for the token in the form."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if person:
        browser.force_login(person)
    browser.cookies["csrftoken"] = "a" * 32
    return browser


def test_the_database_is_away(alice: User) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("server has gone away")

    client = client_of(alice)
    with connection.execute_wrapper(fail):
        answer = client.get("/results/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "Its database or its storage is not available" in answer.content.decode()
    assert client.get("/results/").status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("Canary"), 500),
        (OSError(errno.ENOENT, "Canary"), 500),
        (OSError(errno.ENOSPC, "Canary"), 507),
        (OSError(errno.EROFS, "Canary"), 503),
        (OSError(errno.EACCES, "Canary"), 503),
        (OSError(errno.EIO, "Canary"), 503),
    ],
)
def test_an_uncaught_error(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("diagnosis.models.DiagnosisQuerySet.visible_to", fail)
    answer = client_of(alice).get("/results/")
    assert answer.status_code == status
    assert "Canary" not in answer.content.decode()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_the_storage_is_read_only(
    alice: User, engine: object, monkeypatch: pytest.MonkeyPatch, media_root: Path, number: int
) -> None:
    """An upload and a picture say 503, and nothing of the upload is kept."""
    client = client_of(alice)
    diagnosis = diagnosed(alice)

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "Canary")

    for name in ("_save", "_open"):
        monkeypatch.setattr(FileSystemStorage, name, fail)
    answer = upload(client, radiograph_png(1))
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert Study.objects.count() == 1
    answer = client.get(f"/studies/{diagnosis.study.uuid}/display.jpg")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert program_of(alice).get(f"/api/studies/{diagnosis.study.uuid}/display/").status_code == 503
