"""The pages for what went wrong, in the look of the site and without the parts that failed."""

import errno

import pytest
from django.db import OperationalError, connection
from django.template.loader import render_to_string

from accounts.models import User
from tests.cast import client_of


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500, 503, 507])
def test_every_page_says_what_to_do(status: int) -> None:
    text = render_to_string(f"{status}.html", {"limit_megabytes": 200})
    assert f'<p class="error-code">{status}</p>' in text
    assert "covidxray/css/site.css" in text


def test_an_unknown_address(alice: User) -> None:
    answer = client_of(alice).get("/nothing-here")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_the_database_is_away(alice: User) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("server has gone away")

    client = client_of(alice)
    with connection.execute_wrapper(fail):
        answer = client.get("/results/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "Its database is not reachable" in answer.content.decode()
    assert client.get("/results/").status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("Canary"), 500), (OSError(errno.ENOSPC, "Canary"), 507), (OSError(errno.EACCES, "Canary"), 500)],
)
def test_an_error_nobody_caught(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("diagnosis.models.DiagnosisQuerySet.visible_to", fail)
    answer = client_of(alice).get("/results/")
    assert answer.status_code == status
    assert "Canary" not in answer.content.decode()
