"""Tokens: how one gets them, how long they last, and what ends them."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.models import ApiToken, Institution, User
from accounts.services import person_close, person_reactivate, person_suspend, person_update, second_factor_remove
from audit.models import AuditEntry
from tests.accounts.test_lockout import CountingHasher, people  # noqa: F401 - a fixture
from tests.accounts.test_second_factor import code_of, set_up
from tests.api.programs import RESULTS, SIGN_IN, SIGN_OUT, anonymous, bearing, post, program_of, sign_in
from tests.cast import PASSWORD, client_of

pytestmark = pytest.mark.usefixtures("engine")


def status(client: Client) -> int:
    return client.get(RESULTS).status_code


class TestSigningIn:
    def test_name_and_password_give_a_token(self, alice: User) -> None:
        answer = sign_in("ALICE")
        assert answer.status_code == 201
        assert status(bearing(answer.json()["token"])) == 200

    def test_no_cookie_is_set_and_none_is_looked_at(self, alice: User) -> None:
        answer = sign_in()
        assert not answer.cookies
        assert not bearing(answer.json()["token"]).get(RESULTS).cookies
        assert status(client_of(alice)) == 401

    def test_wrong_name_and_password_are_refused(self, alice: User) -> None:
        """A wrong password and a wrong name are refused in the pages words."""
        answers = [sign_in(password="wrong"), sign_in("nobody")]
        assert answers[0].json() == answers[1].json()
        assert [answer.status_code for answer in answers] == [401, 401]
        assert "user name or the password is wrong" in answers[0].json()["detail"]
        assert answers[0]["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("body", [{}, {"username": "alice"}, {"password": PASSWORD}])
    def test_what_is_missing_is_named(self, db: None, body: dict[str, str]) -> None:
        answer = post(anonymous(), SIGN_IN, body)
        assert answer.status_code == 422
        assert set(answer.json()["fields"]) == {"username", "password"} - set(body)

    @pytest.mark.parametrize("body", ["[]", '"a"', '{"username": 1, "password": []}', '{"username": {}}'])
    def test_anything_but_texts_is_refused(self, db: None, body: str) -> None:
        assert anonymous().post(SIGN_IN, body, content_type="application/json").status_code == 422

    def test_a_form_of_another_site_is_not_taken(self, alice: User) -> None:
        body = {"username": "alice", "password": PASSWORD}
        assert anonymous().post(SIGN_IN, body).status_code == 415
        assert anonymous().post(SIGN_IN, '{"username": "alice"}', content_type="text/plain").status_code == 415
        assert not ApiToken.objects.exists()

    def test_only_a_hash_of_the_token_is_stored(self, alice: User) -> None:
        token = sign_in().json()["token"]
        assert len(token) >= 43
        assert token not in str(list(ApiToken.objects.values()))
        assert re.fullmatch(r"[0-9a-f]{64}", ApiToken.objects.get().digest)

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer x y", "Token {}", "Basic {}", "Bearer {}x"])
    def test_no_other_header_opens_anything(self, alice: User, header: str) -> None:
        token = sign_in().json()["token"]
        client = Client(headers={"Authorization": header.format(token)})
        answer = client.get(RESULTS)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert answer.json()["fields"] == {}


class TestLockOut:
    @pytest.fixture(autouse=True)
    def limits(self, settings: Settings) -> None:
        settings.AXES_FAILURE_LIMIT = 3
        settings.LOCKOUT_ADDRESS_FAILURES = 100

    def test_the_right_password_is_locked_too(self, alice: User) -> None:
        for _ in range(3):
            sign_in(password="wrong")
        answer = sign_in()
        assert (answer.status_code, answer.json()["code"]) == (429, "locked-out")
        assert 0 < int(answer["Retry-After"]) <= 15 * 60
        assert "locked until" in answer.json()["detail"]
        assert not ApiToken.objects.exists()

    def test_failures_are_counted_with_the_pages(self, alice: User) -> None:
        for _ in range(2):
            Client().post("/accounts/sign-in/", {"username": "alice", "password": "wrong"})
        assert sign_in(password="wrong").status_code == 429
        assert Client().post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD}).status_code == 429

    def test_a_right_password_starts_the_count_again(self, alice: User) -> None:
        for _ in range(2):
            assert [sign_in(password="wrong").status_code for _ in range(2)] == [401, 401]
            assert sign_in().status_code == 201

    def test_no_difference_shows_who_exists(self, request: pytest.FixtureRequest) -> None:
        request.getfixturevalue("settings").PASSWORD_HASHERS = ["tests.accounts.test_lockout.CountingHasher"]
        seen = set()
        for username, password in request.getfixturevalue("people").items():
            CountingHasher.count = 0
            answer = sign_in(username, password)
            seen.add((answer.status_code, answer.json()["detail"], CountingHasher.count))
        assert len(seen) == 1
        assert seen.pop()[::2] == (401, 1)


class TestSecondFactor:
    @pytest.fixture
    def device(self, alice: User) -> TOTPDevice:
        set_up(client_of(alice), alice)
        return TOTPDevice.objects.get(user=alice)

    def test_the_password_alone_gives_no_token(self, device: TOTPDevice) -> None:
        answer = sign_in()
        assert (answer.status_code, answer.json()["code"]) == (401, "code-needed")
        assert not ApiToken.objects.exists()

    def test_with_a_code_which_works_once(self, device: TOTPDevice) -> None:
        code = code_of(device, 1)
        answer = sign_in(code=code)
        assert answer.status_code == 201
        assert ApiToken.objects.get().has_second_factor
        assert sign_in(code=code).status_code == 401

    def test_a_recovery_code_works(self, alice: User) -> None:
        codes = set_up(client_of(alice), alice)
        assert sign_in(code=codes[0]).status_code == 201

    def test_a_wrong_code_delays_the_next(self, alice: User, device: TOTPDevice) -> None:
        answer = sign_in(code="000000")
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong-code")
        assert AuditEntry.objects.latest("sequence").detail == {"step": "code"}
        assert "Wait" in sign_in(code=code_of(device, 1)).json()["detail"]
        assert not ApiToken.objects.exists()

    def test_who_needs_one_and_has_none_gets_no_token(self, dora: User, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = True
        answer = sign_in("dora")
        assert (answer.status_code, answer.json()["code"]) == (403, "second-factor-needed")
        assert not ApiToken.objects.exists()

    def test_a_new_factor_rule_ends_the_token(self, alice: User, dora: User, settings: Settings) -> None:
        settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = True
        client = program_of(alice)
        assert status(client) == 200
        alice.is_staff = True
        person_update(actor=dora, person=alice, fields=["is_staff"])
        assert status(client) == 401

    def test_a_changed_factor_ends_every_token(self, alice: User) -> None:
        client = program_of(alice)
        set_up(client_of(alice), alice)
        assert status(client) == 401
        other = program_of(User.objects.get(pk=alice.pk), has_second_factor=True)
        assert status(other) == 200
        second_factor_remove(actor=None, person=User.objects.get(pk=alice.pk))
        assert status(other) == 401


class TestWhatEndsAToken:
    def test_suspending_or_closing_ends_it(self, alice: User, bob: User) -> None:
        """Suspending or closing the account ends it at the next request."""
        for person, end in ((alice, person_suspend), (bob, person_close)):
            client = program_of(person)
            assert status(client) == 200
            end(actor=None, person=person, reason="left")
            assert status(client) == 401

    def test_an_inactive_account_has_no_token(self, alice: User) -> None:
        """An account that is not active has none whatever else is the same."""
        client = program_of(alice)
        User.objects.filter(pk=alice.pk).update(is_active=False, status=User.Status.SUSPENDED)
        assert status(client) == 401

    def test_reactivating_the_account_does_not_revive_it(self, alice: User) -> None:
        client = program_of(alice)
        person_suspend(actor=None, person=alice, reason="on leave")
        person_reactivate(actor=None, person=alice, reason="back")
        assert status(client) == 401

    def test_a_changed_password_ends_it(self, alice: User) -> None:
        client = program_of(alice)
        assert status(client) == 200
        new = "another one that is long"
        form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        assert client_of(alice).post("/accounts/profile/password/", form).status_code == 302
        assert status(client) == 401
        assert sign_in(password=new).status_code == 201

    def test_time_ends_it(self, alice: User, settings: Settings) -> None:
        settings.API_TOKEN_HOURS = 2
        client = program_of(alice)
        hour = timedelta(hours=1)
        ends = ApiToken.objects.get().expires
        assert hour < ends - timezone.now() <= 2 * hour
        ApiToken.objects.update(expires=timezone.now())
        assert status(client) == 401

    def test_a_clock_that_is_set_back_makes_none_longer(
        self, alice: User, monkeypatch: pytest.MonkeyPatch, settings: Settings
    ) -> None:
        """The wall clock goes back by a day, and three hours pass by the machine's own; a token lasts for two."""
        settings.API_TOKEN_HOURS = 2
        client = program_of(alice)
        wall, machine = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
        monkeypatch.setattr("accounts.clock.time.time", lambda: wall - 24 * 3600)
        assert status(client) == 200
        monkeypatch.setattr("accounts.clock.time.clock_gettime", lambda _clock: machine + 3 * 3600)
        assert status(client) == 401

    def test_the_next_sign_in_deletes_expired(self, alice: User, bob: User) -> None:
        program_of(alice)
        ApiToken.objects.update(expires=timezone.now())
        sign_in("bob")
        assert ApiToken.objects.get().person == bob

    def test_signing_out_ends_it_and_no_other(self, alice: User) -> None:
        here, there = program_of(alice), program_of(alice)
        assert here.post(SIGN_OUT).status_code == 204
        assert (status(here), status(there)) == (401, 200)
        assert here.post(SIGN_OUT).status_code == 401

    def test_signing_out_of_the_pages_does_not(self, alice: User) -> None:
        client, browser = program_of(alice), client_of(alice)
        browser.post("/accounts/sign-out/")
        assert status(client) == 200

    def test_changed_role_or_institution_counts(self, alice: User, dora: User) -> None:
        """Another role or institution counts from the next request."""
        client = program_of(alice)
        alice.is_radiographer = False
        person_update(actor=dora, person=alice, fields=["is_radiographer"])
        assert status(client) == 403


class TestAudit:
    def test_sign_ins_are_audited_as_on_pages(self, alice: User) -> None:
        token = sign_in().json()["token"]
        bearing(token).post(SIGN_OUT)
        sign_in(password="wrong")
        entries = list(AuditEntry.objects.order_by("sequence"))
        assert [entry.action for entry in entries] == ["signed-in", "signed-out", "sign-in-failed"]
        assert entries[0].detail["token"] == entries[1].detail["token"]
        assert (entries[0].actor, entries[0].detail["second_factor"]) == (alice.uuid, False)
        assert token not in str([entry.detail for entry in entries])

    def test_no_sign_in_without_an_entry(self, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: Any, **_named: Any) -> None:
            raise RuntimeError("the audit cannot be written")

        monkeypatch.setattr("accounts.api_tokens.record", fail)
        answer = sign_in()
        assert (answer.status_code, answer.json()["code"]) == (500, "fault")
        assert not ApiToken.objects.exists()

    def test_the_last_sign_in_is_kept(self, alice: User, hospital: Institution) -> None:
        sign_in()
        assert User.objects.get(pk=alice.pk).last_login is not None
