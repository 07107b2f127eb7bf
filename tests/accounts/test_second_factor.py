"""The second factor: an authenticator app and recovery codes, in the person's own hands."""

import re
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.models import AccountEvent, User
from accounts.services import person_close, person_suspend
from tests.cast import PASSWORD, client_of

SIGN_IN, CODE = "/accounts/sign-in/", "/accounts/sign-in/code/"
OVERVIEW = "/accounts/profile/second-factor/"
SET_UP, REMOVE = f"{OVERVIEW}set-up/", f"{OVERVIEW}remove/"
CODES, RENEW = f"{OVERVIEW}recovery-codes/", f"{OVERVIEW}recovery-codes/renew/"


def code_of(device: TOTPDevice, step: int = 0) -> str:
    """What the app shows: now, or some steps of 30 seconds later."""
    return f"{totp(device.bin_key, t0=-30 * step):06}"


def set_up(client: Client, user: User) -> list[str]:
    """Set up an app as a person does; return the recovery codes that the page shows."""
    client.get(SET_UP)
    device = TOTPDevice.objects.get(user=user, confirmed=False)
    assert client.post(SET_UP, {"code": code_of(device), "password": PASSWORD})["Location"] == CODES
    return re.findall(r"<code>([a-z2-7]{4}-[a-z2-7]{4})</code>", client.get(CODES).content.decode())


@pytest.fixture
def codes(alice: User) -> list[str]:
    """Alice has an app; her recovery codes."""
    return set_up(client_of(alice), alice)


@pytest.fixture
def device(alice: User, codes: list[str]) -> TOTPDevice:
    return TOTPDevice.objects.get(user=alice)


def give_password(client: Client, **extra: str):
    return client.post(SIGN_IN, {"username": "alice", "password": PASSWORD, **extra})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestSettingUp:
    def test_the_page_shows_the_key_as_picture_and_text(self, alice: User) -> None:
        text = client_of(alice).get(SET_UP).content.decode()
        assert "<svg" in text
        assert 'style="' not in text
        assert re.search(r'class="key">([A-Z2-7]{4} ){7}[A-Z2-7]{4}<', text)

    def test_ten_recovery_codes_are_shown_once(self, alice: User) -> None:
        client = client_of(alice)
        assert len(set(set_up(client, alice))) == 10
        assert client.get(CODES)["Location"] == OVERVIEW

    def test_other_sessions_end_and_key_rotates(self, alice: User) -> None:
        here, there = client_of(alice), client_of(alice)
        key = here.session.session_key
        set_up(here, alice)
        assert here.session.session_key != key
        assert here.get(OVERVIEW).status_code == HTTPStatus.OK
        assert there.get(OVERVIEW)["Location"].startswith(SIGN_IN)

    @pytest.mark.parametrize(("code", "password"), [("000000", PASSWORD), ("", PASSWORD), ("right", "wrong")])
    def test_a_wrong_code_or_password_sets_up_nothing(self, alice: User, code: str, password: str) -> None:
        client = client_of(alice)
        client.get(SET_UP)
        right = code_of(TOTPDevice.objects.get(user=alice))
        answer = client.post(SET_UP, {"code": right if code == "right" else code, "password": password})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert not TOTPDevice.objects.filter(confirmed=True).exists()

    def test_another_app_takes_the_place_of_the_first(self, alice: User, device: TOTPDevice) -> None:
        client = client_of(User.objects.get(pk=alice.pk))
        client.get(SET_UP)
        assert TOTPDevice.objects.get(user=alice, confirmed=True) == device  # works until the new one is confirmed
        set_up(client, alice)
        assert TOTPDevice.objects.get(user=alice) != device

    def test_it_is_in_the_history(self, alice: User, codes: list[str]) -> None:
        assert AccountEvent.objects.get(person=alice).kind == "second-factor-on"


class TestSigningIn:
    def test_the_password_alone_is_not_enough(self, stranger: Client, device: TOTPDevice) -> None:
        assert give_password(stranger)["Location"].startswith(CODE)
        assert not is_signed_in(stranger)
        assert stranger.get("/results/")["Location"].startswith(SIGN_IN)

    def test_password_and_code_sign_in(self, stranger: Client, device: TOTPDevice) -> None:
        stranger.get(SIGN_IN)
        give_password(stranger, next="/results/")
        first = stranger.session.session_key
        answer = stranger.post(f"{CODE}?next=/results/", {"code": code_of(device, 1), "next": "/results/"})
        assert answer["Location"] == "/results/"
        assert is_signed_in(stranger)
        assert stranger.session.session_key != first

    def test_a_code_works_once(self, stranger: Client, device: TOTPDevice) -> None:
        code = code_of(device, 1)
        give_password(stranger)
        stranger.post(CODE, {"code": code})
        other = Client()
        give_password(other)
        assert other.post(CODE, {"code": code}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert not is_signed_in(other)

    def test_a_recovery_code_works_once(self, stranger: Client, alice: User, codes: list[str]) -> None:
        give_password(stranger)
        assert stranger.post(CODE, {"code": f" {codes[0].upper()} "})["Location"] == "/"
        assert StaticToken.objects.filter(device__user=alice).count() == 9
        other = Client()
        give_password(other)
        assert other.post(CODE, {"code": codes[0]}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    def test_wrong_codes_delay_the_right_one(self, stranger: Client, device: TOTPDevice) -> None:
        give_password(stranger)
        wrong = f"{(int(code_of(device)) + 1) % 10**6:06}"
        stranger.post(CODE, {"code": wrong})
        TOTPDevice.objects.update(throttling_failure_count=10, throttling_failure_timestamp=timezone.now())
        answer = stranger.post(CODE, {"code": code_of(device, 1)})
        assert "Too many wrong codes. Wait" in answer.content.decode()
        assert not is_signed_in(stranger)

    def test_somebody_elses_code_is_wrong(self, stranger: Client, bob: User, device: TOTPDevice) -> None:
        theirs = TOTPDevice.objects.create(user=bob, name="app")
        give_password(stranger)
        assert stranger.post(CODE, {"code": code_of(theirs)}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    def test_without_a_password_there_is_no_second_step(self, stranger: Client, device: TOTPDevice) -> None:
        assert stranger.get(CODE)["Location"].startswith(SIGN_IN)
        assert stranger.post(CODE, {"code": code_of(device, 1)})["Location"].startswith(SIGN_IN)
        assert not is_signed_in(stranger)

    @pytest.mark.parametrize("change", ["suspended", "password", "five minutes"])
    def test_what_changes_between_the_steps_ends_it(
        self,
        stranger: Client,
        alice: User,
        dora: User,
        device: TOTPDevice,
        change: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        give_password(stranger)
        code = code_of(device, 1)
        if change == "suspended":
            person_suspend(actor=dora, person=alice, reason="-")
        elif change == "password":
            person = User.objects.get(pk=alice.pk)
            person.set_password("another long password")
            person.save()
        else:
            monkeypatch.setattr("accounts.second_step.PENDING_SECONDS", -1)
            give_password(stranger)
        assert stranger.post(CODE, {"code": code})["Location"].startswith(SIGN_IN)
        assert not is_signed_in(stranger)

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
    def test_next_leads_to_this_site_only(self, stranger: Client, device: TOTPDevice, target: str) -> None:
        assert "evil" not in give_password(stranger, next=target)["Location"]
        answer = stranger.post(f"{CODE}?next={target}", {"code": code_of(device, 1), "next": target})
        assert answer["Location"] == "/"


class TestRenewingAndRemoving:
    @pytest.fixture
    def client(self, alice: User, codes: list[str]) -> Client:
        return client_of(User.objects.get(pk=alice.pk))

    def test_new_codes_take_the_place_of_the_old(self, client: Client, codes: list[str]) -> None:
        assert client.post(RENEW, {"password": PASSWORD})["Location"] == CODES
        text = client.get(CODES).content.decode()
        assert not [code for code in codes if code in text]

    @pytest.mark.parametrize("address", [RENEW, REMOVE])
    def test_it_needs_the_password(self, client: Client, address: str) -> None:
        before = list(StaticToken.objects.values_list("token", flat=True))
        answer = client.post(address, {"password": "wrong"})
        assert "This is not your password." in answer.content.decode()
        assert TOTPDevice.objects.filter(confirmed=True).exists()
        assert list(StaticToken.objects.values_list("token", flat=True)) == before

    def test_removed_the_password_is_enough_again(self, client: Client, stranger: Client) -> None:
        client.post(REMOVE, {"password": PASSWORD})
        assert client.get(OVERVIEW).status_code == HTTPStatus.OK
        assert give_password(stranger)["Location"] == "/"

    def test_guessing_ends_in_the_lock_out(self, client: Client, settings: Settings) -> None:
        for _ in range(settings.AXES_FAILURE_LIMIT):
            answer = client.post(REMOVE, {"password": "wrong"})
        assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert client.post(REMOVE, {"password": PASSWORD}).status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert TOTPDevice.objects.filter(confirmed=True).exists()

    def test_closing_the_account_deletes_the_secrets(self, alice: User, dora: User, codes: list[str]) -> None:
        person_close(actor=dora, person=alice, reason="-")
        assert not TOTPDevice.objects.exists()
        assert not StaticToken.objects.exists()


class TestRequiredForAdministrators:
    @pytest.fixture(autouse=True)
    def required(self, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = True

    @pytest.mark.parametrize("address", ["/", "/admin/", "/admin/accounts/user/", "/accounts/profile/", "/models/"])
    def test_without_one_it_must_be_set_up(self, dora: User, address: str) -> None:
        assert client_of(dora).get(address)["Location"] == SET_UP

    def test_posting_is_no_way_round(self, dora: User, alice: User) -> None:
        client = client_of(dora)
        client.post(f"/admin/accounts/user/{alice.pk}/step/suspend/", {"reason": "-"})
        alice.refresh_from_db()
        assert alice.status == "active"

    def test_with_one_everything_opens(self, dora: User) -> None:
        client = client_of(dora)
        set_up(client, dora)
        assert client.get("/admin/").status_code == HTTPStatus.OK

    def test_setting_up_and_signing_out_stay_open(self, dora: User) -> None:
        client = client_of(dora)
        assert client.get(SET_UP).status_code == HTTPStatus.OK
        assert client.post("/accounts/sign-out/")["Location"] == SIGN_IN

    def test_a_radiographer_needs_none(self, alice: User) -> None:
        assert client_of(alice).get("/").status_code == HTTPStatus.OK

    def test_an_administrator_who_removes_it_is_led_back(self, dora: User) -> None:
        client = client_of(dora)
        set_up(client, dora)
        client.post(REMOVE, {"password": PASSWORD})
        # Removing is not among what stays open; the password was right, so it is gone:
        assert client.get("/admin/")["Location"] == SET_UP


def test_a_wrong_code_leaves_a_line_with_no_name(
    stranger: Client, alice: User, device: TOTPDevice, caplog: pytest.LogCaptureFixture
) -> None:
    give_password(stranger)
    stranger.post(CODE, {"code": "canary-code"})
    assert f"person {alice.uuid} gave a wrong code" in caplog.text
    assert "canary" not in caplog.text
