"""Many who sign in, or use one link, at the same moment: what is counted, and what it costs."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, get_hasher
from django.db import connection
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.hashing import BoundedArgon2Hasher, HashingBusy, Places
from accounts.models import Institution, User
from accounts.second_factor import authenticator_to_confirm, blocked_until
from accounts.services import person_unlock, person_update
from operations.capacity import HASH_BYTES
from tests.accounts.messages import link_in_newest_message
from tests.api.programs import sign_in as api_sign_in
from tests.cast import PASSWORD, person

SIGN_IN = "/accounts/sign-in/"
LIMIT = 5


class SlowHasher(MD5PasswordHasher):
    """Counts, and takes so long that all who were let in are being looked at together."""

    looked_at = 0

    def verify(self, password: str, encoded: str) -> bool:
        SlowHasher.looked_at += 1
        time.sleep(0.3)
        return super().verify(password, encoded)


@pytest.fixture
def slow(settings: Settings) -> type[SlowHasher]:
    settings.PASSWORD_HASHERS = [f"{__name__}.SlowHasher"]
    settings.AXES_FAILURE_LIMIT = LIMIT
    settings.API_SIGN_INS_PER_MINUTE = 1000
    SlowHasher.looked_at = 0
    return SlowHasher


def at_once(number: int, work: Callable[[int], object]) -> list[object]:
    start = threading.Barrier(number)

    def run(place: int) -> object:
        try:
            start.wait()
            return work(place)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.mark.django_db(transaction=True)
class TestTheLockOut:
    def test_twenty_wrong_passwords(self, alice: User, slow: type[SlowHasher]) -> None:
        """From twenty browsers, so that no two of them share a row from the start."""

        def work(number: int) -> int:
            form = {"username": "alice", "password": "wrong"}
            return Client(HTTP_USER_AGENT=f"browser {number}").post(SIGN_IN, form).status_code

        statuses = Counter(at_once(20, work))
        assert slow.looked_at <= LIMIT
        assert statuses[429] >= 20 - LIMIT

    def test_the_right_one_among_them(self, alice: User, slow: type[SlowHasher]) -> None:
        """It is the last of twenty by the API: five were looked at, and it was not."""
        for _ in range(LIMIT - 1):
            api_sign_in("alice", "wrong")
        at_once(10, lambda number: api_sign_in("alice", "wrong").status_code)
        assert slow.looked_at == LIMIT
        assert api_sign_in("alice", PASSWORD).status_code == 429

    def test_a_right_password_leaves_no_count(self, alice: User, slow: type[SlowHasher]) -> None:
        statuses = at_once(LIMIT, lambda _number: Client().post(SIGN_IN, _form(PASSWORD)).status_code)
        assert set(statuses) == {302}
        for _ in range(LIMIT - 1):
            assert Client().post(SIGN_IN, _form("wrong")).status_code == 200
        assert Client().post(SIGN_IN, _form(PASSWORD)).status_code == 302


def _form(password: str) -> dict[str, str]:
    return {"username": "alice", "password": password}


@pytest.mark.django_db(transaction=True)
def test_a_reset_link_is_used_once(alice: User, slow: type[SlowHasher]) -> None:
    Client().post("/accounts/forgotten/", {"email": alice.email})
    link = link_in_newest_message()
    clients = [Client() for _ in range(4)]
    pages = [client.get(link, follow=True).redirect_chain[-1][0] for client in clients]

    def work(number: int) -> int:
        new = f"another long one {number}"
        return clients[number].post(pages[number], {"new_password1": new, "new_password2": new}).status_code

    statuses = at_once(4, work)
    assert Counter(statuses)[302] == 1
    alice.refresh_from_db()
    assert alice.check_password(f"another long one {statuses.index(302)}")


@pytest.mark.django_db(transaction=True)
def test_two_pages_set_up_one_app(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one takes so long that all six, without the lock, have looked for one before."""
    create = TOTPDevice.objects.create

    def slowly(**values: object) -> TOTPDevice:
        time.sleep(0.3)
        return create(**values)

    monkeypatch.setattr(TOTPDevice.objects, "create", slowly)
    devices = at_once(6, lambda _number: authenticator_to_confirm(alice).pk)
    assert len(set(devices)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_edit_one_person(alice: User, dora: User, hospital: Institution) -> None:
    """Each of another column: the key of the name is that of the name that is stored."""
    eve = person("eve", hospital, is_staff=True)
    seen = [User.objects.get(pk=alice.pk) for _ in range(2)]
    seen[0].username, seen[1].email = "alice.new", "new@example.org"
    person_update(actor=dora, person=seen[0], fields=["username"])
    person_update(actor=eve, person=seen[1], fields=["email"])
    stored = User.objects.get(pk=alice.pk)
    assert (stored.username, stored.username_key) == ("alice.new", "alice.new")
    assert (stored.email, stored.email_key) == ("new@example.org", "new@example.org")


class TestHashing:
    def test_no_more_than_so_many_at_once(self) -> None:
        places, working, most = Places(2, 18), [0], [0]

        def work(_number: int) -> None:
            with places.place():
                working[0] += 1
                most[0] = max(most[0], working[0])
                time.sleep(0.02)
                working[0] -= 1

        at_once(20, work)
        assert most[0] <= 2

    def test_those_beyond_are_refused(self) -> None:
        places = Places(1, 0)
        with places.place(), pytest.raises(HashingBusy), places.place():
            pass
        with places.place():
            pass

    def test_the_site_hashes_so(self, project: object) -> None:
        from covidxray import settings as site

        assert site.PASSWORD_HASHERS == ["accounts.hashing.BoundedArgon2Hasher"]

    def test_one_hash_takes_what_is_reckoned_with(self) -> None:
        assert BoundedArgon2Hasher.memory_cost * 1024 <= HASH_BYTES

    def test_too_many_are_told_to_come_again(
        self, stranger: Client, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By the page and by the API, and it counts as no try."""
        settings.PASSWORD_HASHERS = ["accounts.hashing.BoundedArgon2Hasher"]
        settings.AXES_FAILURE_LIMIT = 2
        alice.set_password(PASSWORD)
        alice.save()
        get_hasher.cache_clear() if hasattr(get_hasher, "cache_clear") else None
        monkeypatch.setattr("accounts.hashing.places", Places(0, 0))
        for _ in range(3):
            answer = stranger.post(SIGN_IN, _form(PASSWORD))
            assert (answer.status_code, int(answer["Retry-After"])) == (503, 30)
            answer = api_sign_in("alice", PASSWORD)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        monkeypatch.undo()


def test_unlocking_ends_the_pause_of_the_second_factor(alice: User, dora: User) -> None:
    for device in (TOTPDevice.objects.create(user=alice), StaticDevice.objects.create(user=alice)):
        for _ in range(5):
            device.throttle_increment()
        assert blocked_until(device)
    person_unlock(actor=dora, person=alice, reason="rang me up")
    for devices in (TOTPDevice.objects, StaticDevice.objects):
        assert blocked_until(devices.get(user=alice)) is None
