"""How long a person stays signed in, and what happens after that."""

import time

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.models import User
from accounts.sessions import SEEN, SIGNED_IN
from tests.cast import PASSWORD, client_of
from tests.toy import ToyEngine

SESSION, SIGN_IN = "/accounts/session/", "/accounts/sign-in/"
MINUTE, HOUR = 60, 3600


@pytest.fixture
def client(alice: User, engine: ToyEngine) -> Client:
    return client_of(alice)


def pretend(client: Client, *, idle: float = 0, signed_in: float = 0) -> None:
    """As if the last activity and the sign-in had been that many seconds ago."""
    session = client.session
    session[SEEN] = time.time() - idle
    session[SIGNED_IN] = time.time() - max(idle, signed_in)
    session.save()


def test_it_ends_after_half_an_hour_idle(client: Client) -> None:
    pretend(client, idle=31 * MINUTE)
    answer = client.get("/results/")
    assert answer["Location"] == f"{SIGN_IN}?next=/results/"
    assert "_auth_user_id" not in client.session
    assert "after a time without activity" in client.get(answer["Location"]).content.decode()


def test_activity_prolongs_it(client: Client) -> None:
    pretend(client, idle=29 * MINUTE)
    assert client.get("/").status_code == 200
    assert time.time() - client.session[SEEN] < MINUTE


def test_a_moment_later_nothing_is_written(client: Client) -> None:
    pretend(client, idle=20)
    before = client.session[SEEN]
    client.get("/")
    assert client.session[SEEN] == before


def test_activity_does_not_prolong_it_for_ever(client: Client) -> None:
    pretend(client, signed_in=12 * HOUR + MINUTE)
    assert client.get("/")["Location"].startswith(SIGN_IN)


def test_the_length_is_a_setting(client: Client, settings: Settings) -> None:
    settings.SESSION_IDLE_MINUTES = 5
    pretend(client, idle=6 * MINUTE)
    assert client.get("/")["Location"].startswith(SIGN_IN)


def test_asking_how_long_is_no_activity(client: Client) -> None:
    pretend(client, idle=29 * MINUTE)
    assert 0 < client.get(SESSION).json()["seconds"] <= MINUTE
    assert time.time() - client.session[SEEN] > 28 * MINUTE


def test_staying_signed_in_is_one_click(client: Client) -> None:
    pretend(client, idle=29 * MINUTE)
    assert client.post(SESSION).json()["seconds"] > 29 * MINUTE
    assert time.time() - client.session[SEEN] < MINUTE


def test_over_is_over_for_that_click_too(client: Client) -> None:
    pretend(client, idle=31 * MINUTE)
    assert client.post(SESSION)["Location"].startswith(SIGN_IN)


def test_the_click_needs_the_token_of_the_page(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(SESSION).status_code == 403


@pytest.mark.parametrize(
    ("referrer", "target"),
    [
        ("http://testserver/results/?page=2", "/results/%3Fpage%3D2"),
        ("https://evil.example/results/", "/"),
        ("", "/"),
        ("rubbish", "/"),
    ],
)
def test_a_late_form_leads_back_to_its_page(client: Client, referrer: str, target: str) -> None:
    """A form sent too late leads back to its page after signing in."""
    pretend(client, idle=31 * MINUTE)
    answer = client.post("/upload/", {"notes": "x"}, headers={"referer": referrer})
    assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next={target}")


def test_the_pages_carry_what_the_warning_needs(client: Client) -> None:
    text = client.get("/").content.decode()
    assert f'data-url="{SESSION}"' in text
    assert "covidxray/js/session.js" in text


def test_strangers_get_no_warning(stranger: Client) -> None:
    assert "session.js" not in stranger.get(SIGN_IN).content.decode()


def test_a_session_of_before_this_is_not_thrown_away(client: Client) -> None:
    session = client.session
    del session[SEEN], session[SIGNED_IN]
    session.save()
    assert client.get("/").status_code == 200


class TestTheClockSetBack:
    """The wall clock goes back by two hours. The machine's own clock goes on, and is all that counts then."""

    @pytest.fixture
    def machine(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [5000.0]
        monkeypatch.setattr("accounts.clock.time.clock_gettime", lambda _clock: now[0])
        return now

    @pytest.fixture
    def wall(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [1_800_000_000.0]
        for module in ("accounts.clock", "accounts.sessions"):
            monkeypatch.setattr(f"{module}.time.time", lambda: now[0])
        return now

    @pytest.fixture
    def client(self, machine: list[float], wall: list[float], alice: User, engine: ToyEngine) -> Client:
        client = client_of(alice)
        assert client.post(SESSION).status_code == 200
        return client

    def test_it_ends_as_if_nothing_had_happened(self, client: Client, wall: list[float], machine: list[float]) -> None:
        wall[0] -= 2 * HOUR
        machine[0] += 20 * MINUTE
        assert client.get(SESSION).json()["seconds"] <= 10 * MINUTE
        machine[0] += 11 * MINUTE
        assert client.get(SESSION)["Location"].startswith(SIGN_IN)

    def test_activity_still_prolongs_it(self, client: Client, wall: list[float], machine: list[float]) -> None:
        wall[0] -= 2 * HOUR
        machine[0] += 20 * MINUTE
        assert client.get("/").status_code == 200
        assert client.get(SESSION).json()["seconds"] > 29 * MINUTE

    def test_the_whole_length_counts_on(self, client: Client, wall: list[float], machine: list[float]) -> None:
        wall[0] -= 2 * HOUR
        for _ in range(12 * 3 + 1):
            machine[0] += 20 * MINUTE
            answer = client.get("/")
        assert answer["Location"].startswith(SIGN_IN)

    def test_on_another_machine_it_ends(
        self, client: Client, wall: list[float], machine: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing tells how long it has lasted."""
        monkeypatch.setattr("accounts.clock._boot", lambda: "another")
        wall[0] -= 2 * HOUR
        assert client.get(SESSION)["Location"].startswith(SIGN_IN)

    def test_another_machine_may_be_a_little_late(
        self, client: Client, wall: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("accounts.clock._boot", lambda: "another")
        wall[0] -= 30
        assert client.get(SESSION).json()["seconds"] == 30 * MINUTE

    def test_the_second_step_waits_no_longer(
        self, wall: list[float], machine: list[float], alice: User, stranger: Client
    ) -> None:
        TOTPDevice.objects.create(user=alice, confirmed=True)
        stranger.post(SIGN_IN, {"username": "alice", "password": PASSWORD})
        assert stranger.get(SIGN_IN + "code/").status_code == 200
        wall[0] -= 2 * HOUR
        machine[0] += 6 * MINUTE
        assert stranger.get(SIGN_IN + "code/").status_code == 302
