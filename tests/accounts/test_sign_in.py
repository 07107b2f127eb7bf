"""Signing in and out."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.cast import PASSWORD, client_of

SIGN_IN = "/accounts/sign-in/"


def sign_in(client: Client, username: str = "alice", password: str = PASSWORD, **extra: str):
    return client.post(SIGN_IN, {"username": username, "password": password, **extra})


@pytest.mark.parametrize("username", ["alice", "ALICE", "\N{FULLWIDTH LATIN SMALL LETTER A}lice"])
def test_letter_case_does_not_matter(stranger: Client, alice: User, username: str) -> None:
    assert sign_in(stranger, username)["Location"] == "/"
    assert stranger.get("/").wsgi_request.user == alice


@pytest.mark.parametrize(("username", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice\0", PASSWORD)])
def test_wrong_name_and_password_look_alike(stranger: Client, alice: User, username: str, password: str) -> None:
    answer = sign_in(stranger, username, password)
    assert answer.status_code == 200
    assert "_auth_user_id" not in stranger.session
    if "\0" not in username:
        assert "The user name or the password is wrong." in answer.content.decode()


class CountingHasher(MD5PasswordHasher):
    count = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.count += 1
        return super().encode(password, salt)


def test_an_unknown_name_takes_as_long(stranger: Client, alice: User, settings: Settings) -> None:
    """An unknown name costs as many hashes as a wrong password."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    counts = []
    for username in ("alice", "nobody"):
        CountingHasher.count = 0
        sign_in(stranger, username, "wrong")
        counts.append(CountingHasher.count)
    assert counts == [1, 1]


def test_a_suspended_person_stays_out(stranger: Client, alice: User) -> None:
    User.objects.update(is_active=False, status="suspended")
    sign_in(stranger)
    assert "_auth_user_id" not in stranger.session


def test_suspending_ends_the_session(alice: User) -> None:
    client = client_of(alice)
    assert client.get("/").status_code == 200
    User.objects.update(is_active=False, status="suspended")
    assert client.get("/")["Location"].startswith(SIGN_IN)


def test_a_new_password_ends_the_other_sessions(alice: User) -> None:
    client = client_of(alice)
    alice.set_password("another long password")
    alice.save()
    assert client.get("/")["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_next_leads_to_this_site_only(stranger: Client, alice: User, target: str) -> None:
    assert sign_in(stranger, next=target)["Location"] == "/"


def test_next_leads_back_to_where_the_person_was(stranger: Client, alice: User) -> None:
    where = stranger.get("/results/")["Location"]
    assert where == f"{SIGN_IN}?next=/results/"
    assert sign_in(stranger, next="/results/")["Location"] == "/results/"


def test_the_session_key_changes_at_sign_in(stranger: Client, alice: User) -> None:
    session = stranger.session
    session["fixed"] = "by an attacker"
    session.save()
    stranger.cookies["sessionid"] = str(session.session_key)
    sign_in(stranger)
    assert stranger.cookies["sessionid"].value != session.session_key


def test_signing_out_takes_a_post(alice: User) -> None:
    client = client_of(alice)
    assert client.get("/accounts/sign-out/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/accounts/sign-out/")["Location"] == SIGN_IN
    assert client.get("/")["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize("address", [SIGN_IN, "/accounts/sign-out/"])
def test_a_form_from_elsewhere_is_refused(alice: User, address: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(address).status_code == 403


def test_cookies_are_out_of_reach_of_scripts(stranger: Client, alice: User) -> None:
    stranger.get(SIGN_IN)
    sign_in(stranger)
    for name in ("sessionid", "csrftoken"):
        assert stranger.cookies[name]["httponly"]
        assert stranger.cookies[name]["samesite"] == "Lax"


def test_passwords_are_hashed_with_argon2(alice: User, settings: Settings) -> None:
    from covidxray import settings as site

    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS
    alice.set_password(PASSWORD)
    assert alice.password.startswith("argon2$argon2id$")


def test_a_language_is_chosen_before_signing_in(stranger: Client, alice: User) -> None:
    page = stranger.get("/accounts/sign-in/").content.decode()
    assert 'value="ms" lang="ms"' in page
    stranger.post("/accounts/language/", {"language": "ms", "next": "/accounts/sign-in/"})
    assert 'lang="ms"' in stranger.get("/accounts/sign-in/").content.decode().split("<body")[0]
    answer = stranger.post("/accounts/language/", {"language": "ar", "next": "https://evil.example/"})
    assert "evil" not in answer["Location"]
