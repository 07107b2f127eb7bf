"""Light or dark: as the system wants it unless a person chooses, signed in or not, and where something failed."""

import pytest
from django.test import Client

from accounts.models import User
from tests.cast import client_of

SIGN_IN = "/accounts/sign-in/"


def chosen(client: Client, theme: str, address: str = SIGN_IN) -> str:
    """Choose a theme as the form at the foot of a page does; the address that the answer leads to."""
    answer = client.post("/accounts/theme/", {"theme": theme, "next": address})
    assert answer.status_code == 302
    return answer["Location"]


def test_a_choice_is_kept_without_signing_in(client: Client) -> None:
    assert "data-theme" not in client.get(SIGN_IN).content.decode()
    assert chosen(client, "dark") == SIGN_IN
    assert 'data-theme="dark"' in client.get(SIGN_IN).content.decode()
    chosen(client, "")
    assert "data-theme" not in client.get(SIGN_IN).content.decode()


@pytest.mark.parametrize("nonsense", ["blue", '"><script>', "DARK"])
def test_nonsense_is_no_theme(client: Client, nonsense: str) -> None:
    client.cookies["theme"] = nonsense
    page = client.get(SIGN_IN).content.decode()
    assert "data-theme" not in page
    assert chosen(client, nonsense, "//evil.example.org/") == "/"
    assert not client.cookies["theme"].value


def test_error_pages_keep_it(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(alice)
    client.raise_request_exception = False
    chosen(client, "dark")
    assert 'data-theme="dark"' in client.get("/nothing-here").content.decode()

    def fail(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("diagnosis.home.views.tallies", fail)
    answer = client.get("/")
    assert answer.status_code == 500
    assert 'data-theme="dark"' in answer.content.decode()


@pytest.mark.parametrize(
    ("theme", "media"),
    [("", 'media="screen and (prefers-color-scheme: dark)"'), ("dark", 'media="screen"'), ("light", None)],
)
def test_the_administration_follows(dora: User, theme: str, media: str | None) -> None:
    client = client_of(dora)
    chosen(client, theme)
    page = client.get("/admin/").content.decode()
    assert ("administration-dark.css" in page) == (media is not None)
    assert media is None or media in page
    assert "theme.js" not in page
