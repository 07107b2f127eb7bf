"""Guessing passwords: a lock-out by user name and by address, which tells nothing about who exists."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import Institution, User
from accounts.services import person_register, person_unlock
from tests.accounts.messages import link_in_newest_message, sent
from tests.cast import PASSWORD

SIGN_IN = "/accounts/sign-in/"
LIMIT = 3


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.AXES_FAILURE_LIMIT = LIMIT
    settings.LOCKOUT_ADDRESS_FAILURES = 6


def sign_in(client: Client, username: str = "alice", password: str = PASSWORD, **extra: Any):
    return client.post(SIGN_IN, {"username": username, "password": password}, **extra)


def fail(client: Client, username: str = "alice", times: int = LIMIT, **extra: Any):
    for _ in range(times):
        answer = sign_in(client, username, "wrong", **extra)
    return answer


def is_locked(answer) -> bool:
    return answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_the_right_password_is_locked_too(stranger: Client, alice: User) -> None:
    assert not is_locked(fail(stranger, times=LIMIT - 1))
    assert is_locked(fail(stranger, times=1))
    answer = sign_in(stranger)
    assert is_locked(answer)
    assert "_auth_user_id" not in stranger.session
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert "locked until" in answer.content.decode()


def test_a_right_password_resets_the_count(stranger: Client, alice: User) -> None:
    """A right password before the limit starts the count again."""
    fail(stranger, times=LIMIT - 1)
    sign_in(stranger)
    assert not is_locked(fail(Client(), times=LIMIT - 1))


@pytest.mark.parametrize("spelling", ["ALICE", "\N{FULLWIDTH LATIN SMALL LETTER A}lice", " alice"])
def test_spellings_of_a_name_are_one_name(stranger: Client, alice: User, spelling: str) -> None:
    fail(stranger, spelling, times=LIMIT - 1)
    assert is_locked(fail(stranger, "alice", times=1))


def test_other_browsers_and_addresses_do_not_help(stranger: Client, alice: User) -> None:
    for number in range(LIMIT):
        fail(Client(), times=1, REMOTE_ADDR=f"192.0.2.{number}", HTTP_USER_AGENT=f"browser {number}")
    assert is_locked(sign_in(Client(), REMOTE_ADDR="192.0.2.99"))


def test_a_colleagues_address_is_not_locked(stranger: Client, alice: User, bob: User) -> None:
    fail(stranger)
    assert sign_in(Client(), "bob")["Location"] == "/"


def test_one_address_many_names_is_locked(stranger: Client, alice: User, bob: User) -> None:
    for name in ("u1", "u2", "u3", "u4", "u5", "u6"):
        fail(Client(), name, times=1)
    assert is_locked(sign_in(Client(), "bob"))
    assert sign_in(Client(), "bob", REMOTE_ADDR="192.0.2.7")["Location"] == "/"


def test_an_own_account_gives_no_more_tries(stranger: Client, alice: User, bob: User) -> None:
    for name in ("u1", "u2", "u3", "u4", "u5"):
        fail(Client(), name, times=1)
    sign_in(Client(), "bob")
    fail(Client(), "u6", times=1)
    assert is_locked(sign_in(Client(), "alice"))


def test_it_ends_on_its_own(stranger: Client, alice: User) -> None:
    fail(stranger, times=LIMIT + 5)
    assert AccessAttempt.objects.get().failures_since_start == LIMIT
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=16))
    assert sign_in(stranger)["Location"] == "/"


def test_the_table_does_not_grow(stranger: Client, alice: User) -> None:
    fail(stranger, "u1", times=1)
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=16))
    fail(stranger, "u2", times=1)
    assert [attempt.username for attempt in AccessAttempt.objects.all()] == ["u2"]


def test_neither_password_nor_token_is_kept(stranger: Client, alice: User) -> None:
    stranger.post(SIGN_IN, {"username": "alice", "password": "canary", "csrfmiddlewaretoken": "canary"})
    assert "canary" not in str(list(AccessAttempt.objects.values()))


class TestUnlocking:
    def test_by_an_administrator(self, stranger: Client, alice: User, dora: User) -> None:
        fail(stranger)
        person_unlock(actor=dora, person=alice, reason="rang me up")
        assert sign_in(stranger)["Location"] == "/"

    def test_from_the_command_line(self, stranger: Client, alice: User, bob: User) -> None:
        fail(stranger)
        fail(Client(), "bob", REMOTE_ADDR="192.0.2.7")
        call_command("axes_reset_username", "alice")
        assert sign_in(stranger)["Location"] == "/"
        assert is_locked(sign_in(Client(), "bob", REMOTE_ADDR="192.0.2.7"))

    def test_by_a_new_password(self, stranger: Client, alice: User) -> None:
        fail(stranger)
        stranger.post("/accounts/forgotten/", {"email": alice.email})
        new = {"new_password1": "another one that is long", "new_password2": "another one that is long"}
        page = stranger.get(link_in_newest_message(), follow=True)
        stranger.post(page.redirect_chain[-1][0], new)
        assert sign_in(stranger, password="another one that is long")["Location"] == "/"
        assert len(sent()) == 1


class TestBehindAProxy:
    """The proxy adds the address that it saw at the end of the header; everything before it came from the client."""

    @pytest.fixture(autouse=True)
    def behind_proxy(self, settings: Settings) -> None:
        settings.AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR"]
        settings.AXES_IPWARE_PROXY_COUNT = 0
        settings.IPWARE_STRICT = False
        settings.LOCKOUT_ADDRESS_FAILURES = LIMIT

    def addresses(self) -> set[str | None]:
        return set(AccessAttempt.objects.values_list("ip_address", flat=True))

    @pytest.mark.parametrize("invented", ["", "10.9.8.7, ", "1.1.1.1, 2.2.2.2, ", "rubbish, , ", "127.0.0.1, "])
    def test_the_address_is_what_the_proxy_saw(self, stranger: Client, alice: User, invented: str) -> None:
        fail(stranger, times=1, HTTP_X_FORWARDED_FOR=f"{invented}203.0.113.5", REMOTE_ADDR="172.18.0.2")
        assert self.addresses() == {"203.0.113.5"}

    @pytest.mark.parametrize("header", ["10.0.0.7", "192.168.1.7, 10.0.0.7"])
    def test_internal_addresses_count_too(self, stranger: Client, alice: User, header: str) -> None:
        fail(stranger, times=1, HTTP_X_FORWARDED_FOR=header, REMOTE_ADDR="198.51.100.9")
        assert self.addresses() == {"10.0.0.7"}

    def test_a_forged_header_wins_no_more_tries(self, stranger: Client, bob: User) -> None:
        for number in range(LIMIT):
            fail(Client(), f"u{number}", times=1, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}, 203.0.113.5")
        assert is_locked(sign_in(Client(), "bob", HTTP_X_FORWARDED_FOR="192.0.2.77, 203.0.113.5"))
        assert sign_in(Client(), "bob", HTTP_X_FORWARDED_FOR="203.0.113.6")["Location"] == "/"

    def test_with_two_proxies_the_outer_ones_view_counts(
        self, stranger: Client, alice: User, settings: Settings
    ) -> None:
        settings.AXES_IPWARE_PROXY_COUNT = 1
        fail(stranger, times=1, HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.5, 172.18.0.3")
        assert self.addresses() == {"203.0.113.5"}


def test_without_a_proxy_the_header_means_nothing(stranger: Client, alice: User) -> None:
    fail(stranger, times=1, HTTP_X_FORWARDED_FOR="203.0.113.5", REMOTE_ADDR="198.51.100.9")
    assert AccessAttempt.objects.get().ip_address == "198.51.100.9"


class CountingHasher(MD5PasswordHasher):
    count = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.count += 1
        return super().encode(password, salt)


@pytest.fixture
def people(alice: User, bob: User, dora: User, hospital: Institution) -> dict[str, str]:
    """User names and what is the matter with each."""
    User.objects.filter(pk=bob.pk).update(is_active=False, status="suspended")
    invited = User(username="eve", email="eve@example.org", institution=hospital)
    person_register(actor=dora, person=invited)
    return {"alice": "wrong", "nobody": PASSWORD, "bob": PASSWORD, "eve": PASSWORD}


def test_no_difference_shows_who_exists(people: dict[str, str], settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    seen = set()
    for username, password in people.items():
        CountingHasher.count = 0
        client = Client()
        answer = sign_in(client, username, password)
        words = "The user name or the password is wrong." in answer.content.decode()
        seen.add((CountingHasher.count, answer.status_code, words, "_auth_user_id" in client.session))
    assert seen == {(1, 200, True, False)}


def test_lock_out_hides_who_exists(people: dict[str, str], settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    settings.LOCKOUT_ADDRESS_FAILURES = 100
    seen = set()
    for username, password in people.items():
        statuses = [sign_in(Client(), username, password).status_code for _ in range(LIMIT)]
        CountingHasher.count = 0
        statuses.append(sign_in(Client(), username, password).status_code)
        seen.add((tuple(statuses), CountingHasher.count))
    assert seen == {((200, 200, 429, 429), 0)}
