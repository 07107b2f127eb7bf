"""One's own profile: what a person may change, and what not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Institution, User
from diagnosis.models import Diagnosis
from tests.accounts.messages import sent
from tests.cast import PASSWORD, client_of
from tests.uploads import diagnosed

PROFILE, PASSWORD_PAGE = "/accounts/profile/", "/accounts/profile/password/"
NEW_PASSWORD = "another one that is long"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def values(**changes: Any) -> dict[str, Any]:
    return {"first_name": "Alice", "last_name": "", "email": "alice@example.org", "shows_heat_map": "on"} | changes


def new_passwords(old: str = PASSWORD, new: str = NEW_PASSWORD) -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new}


def test_name_address_and_preferences_are_stored(client: Client, alice: User) -> None:
    answer = client.post(PROFILE, values(last_name="Łukasz", email="new@example.org", time_zone="Asia/Kuching"))
    assert (answer.status_code, answer["Location"]) == (302, PROFILE)
    alice.refresh_from_db()
    assert (alice.last_name, alice.email, alice.email_key) == ("Łukasz", "new@example.org", "new@example.org")
    assert (alice.time_zone, alice.shows_heat_map, alice.reads_blind) == ("Asia/Kuching", True, False)


def test_blind_reading_is_switched_on_and_off(client: Client, alice: User) -> None:
    for posted, stored in (({"reads_blind": "on"}, True), ({}, False)):
        assert client.post("/accounts/profile/", values(**posted)).status_code == 302
        alice.refresh_from_db()
        assert alice.reads_blind is stored
    assert "Your profile has been saved." in client.get(PROFILE).content.decode()


def test_institution_and_roles_are_read_only(client: Client) -> None:
    text = client.get(PROFILE).content.decode()
    assert "<dd><bdi>St. Anna</bdi></dd>" in text
    for name in ("institution", "is_staff", "is_radiographer", "is_superuser", "username", "password"):
        assert f'name="{name}"' not in text


def test_foreign_posted_fields_are_ignored(client: Client, alice: User, elsewhere: Institution) -> None:
    before = User.objects.values().get(pk=alice.pk)
    forged = {
        "is_staff": "on",
        "is_superuser": "on",
        "is_radiographer": "",
        "is_active": "",
        "institution": elsewhere.pk,
    }
    answer = client.post(PROFILE, values(first_name="Al", username="root", password="x", id=99, uuid="0", **forged))
    assert answer.status_code == 302
    assert User.objects.values().get(pk=alice.pk) == before | {"first_name": "Al", "name_key": "al"}


def test_an_administrators_change_survives(client: Client) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.post(PROFILE, values(first_name="Al"))
    statements = [query["sql"].replace("`", '"') for query in queries]  # as MariaDB quotes
    (update,) = [sql for sql in statements if sql.startswith('UPDATE "accounts_user"')]
    assert "first_name" in update
    for column in ("is_active", "is_staff", "is_radiographer", "institution", "password"):
        assert f'"{column}' not in update


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "BOB@example.org", "A person with this e-mail address exists already."),
        ("email", "", "This field is required."),
        ("email", "nowhere", "Enter a valid email address."),
        ("first_name", "x" * 151, "at most 150 characters"),
        ("time_zone", "../../etc/passwd", "is not one of the available choices"),
        ("time_zone", "Mars/Olympus", "is not one of the available choices"),
    ],
)
def test_a_wrong_value_is_explained(
    client: Client, alice: User, bob: User, field: str, value: str, sentence: str
) -> None:
    before = User.objects.values().get(pk=alice.pk)
    answer = client.post(PROFILE, values(**{"last_name": "changed", field: value}))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert User.objects.values().get(pk=alice.pk) == before


def test_a_refused_name_is_not_in_the_head(client: Client) -> None:
    text = client.post(PROFILE, values(first_name="Impostor", email="nowhere")).content.decode()
    assert '<a class="site-person-name" href="/accounts/profile/"><bdi>Alice</bdi>' in text


def test_a_name_full_of_html_stays_a_name(client: Client) -> None:
    client.post(PROFILE, values(first_name="<script>alert(1)</script>"))
    assert "<script>alert" not in client.get(PROFILE).content.decode()


def test_a_new_password_ends_other_sessions(client: Client, alice: User) -> None:
    """The password is changed the key rotates and other sessions end."""
    elsewhere = client_of(alice)
    key = client.session.session_key
    answer = client.post(PASSWORD_PAGE, new_passwords())
    assert (answer.status_code, answer["Location"]) == (302, PROFILE)
    alice.refresh_from_db()
    assert check_password(NEW_PASSWORD, alice.password)
    assert client.session.session_key != key
    assert client.get(PROFILE).status_code == 200
    assert elsewhere.get(PROFILE).status_code == 302


@pytest.mark.parametrize(
    "posted",
    [new_passwords(old="wrong"), new_passwords(new="short"), new_passwords() | {"new_password2": "different"}, {}],
    ids=["wrong old one", "too weak", "not the same twice", "nothing"],
)
def test_a_password_that_will_not_do_changes_nothing(client: Client, alice: User, posted: dict[str, str]) -> None:
    assert client.post(PASSWORD_PAGE, posted).status_code == 422
    alice.refresh_from_db()
    assert check_password(PASSWORD, alice.password)


def test_guessing_ends_in_the_lock_out(client: Client, settings: Settings) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post(PASSWORD_PAGE, new_passwords(old="wrong"))
    assert answer.status_code == 429
    assert client.post(PASSWORD_PAGE, new_passwords()).status_code == 429


def test_history_records_only_the_address(client: Client, alice: User) -> None:
    client.post(PROFILE, values(first_name="Al"))
    assert not alice.events.exists()
    client.post(PROFILE, values(email="new@example.org"))
    assert (alice.events.get().kind, alice.events.get().actor) == ("changed", alice)


def test_the_former_address_hears_of_the_new_one(
    client: Client, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client.post(PROFILE, values(first_name="Al"))
    assert sent() == []
    with django_capture_on_commit_callbacks(execute=True):
        client.post(PROFILE, values(email="mallory@example.org"))
    (message,) = sent()
    assert message.to == ["alice@example.org"]
    assert "alice" in message.body
    assert "mallory" not in message.body


def test_posting_needs_the_token_of_the_page(alice: User) -> None:
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(alice)
    assert checked.post(PROFILE, values(first_name="Al")).status_code == 403
    assert checked.post(PASSWORD_PAGE, new_passwords()).status_code == 403


def test_an_administrator_has_a_profile_too(dora: User) -> None:
    assert "Administrator" in client_of(dora).get(PROFILE).content.decode()


@pytest.mark.usefixtures("engine")
class TestPreferences:
    """Where they show."""

    MOMENT = datetime(2025, 3, 1, 22, 30, tzinfo=UTC)

    @pytest.fixture
    def address(self, alice: User) -> str:
        diagnosis = diagnosed(alice)
        Diagnosis.objects.update(created=self.MOMENT)
        return diagnosis.get_absolute_url()

    def test_times_are_in_the_persons_own_zone(self, alice: User, bob: User, address: str) -> None:
        User.objects.filter(pk=alice.pk).update(time_zone="Asia/Kuching")
        assert "2 Mar 2025, 06:30" in client_of(alice).get(address).content.decode()
        assert "1 Mar 2025, 22:30" in client_of(bob).get(address).content.decode()

    def test_a_zone_holds_for_one_request_only(self, alice: User, address: str) -> None:
        User.objects.filter(pk=alice.pk).update(time_zone="Asia/Kuching")
        assert "Times are in Asia/Kuching." in client_of(alice).get(address).content.decode()
        assert "Times are in UTC." in Client().get("/accounts/sign-in/").content.decode()

    def test_a_zone_that_is_unknown_by_now_is_the_sites(self, alice: User, address: str) -> None:
        User.objects.filter(pk=alice.pk).update(time_zone="Mars/Olympus")
        assert "1 Mar 2025, 22:30" in client_of(alice).get(address).content.decode()

    @pytest.mark.parametrize(("shown", "switch"), [(True, " checked data-shown"), (False, '"h" data-shown')])
    def test_the_heat_map_is_there_at_first_or_not(self, alice: User, address: str, shown: bool, switch: str) -> None:
        User.objects.filter(pk=alice.pk).update(shows_heat_map=shown)
        assert switch in client_of(alice).get(address).content.decode()


def test_the_persons_own_language_is_used(client: Client, alice: User, bob: User, settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English")]
    assert 'name="language"' not in client.get(PROFILE).content.decode()
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    assert "Deutsch" in client.get(PROFILE).content.decode()
    client.post(PROFILE, values(language="de"))
    answer = client.get(PASSWORD_PAGE)
    assert answer["Content-Language"] == "de"
    assert "Altes Passwort" in answer.content.decode()
    assert client_of(bob).get(PASSWORD_PAGE)["Content-Language"] == "en"
