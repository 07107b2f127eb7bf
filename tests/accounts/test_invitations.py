"""Only registered people get in: an invitation is a link that works once, and a forgotten password is another."""

from datetime import datetime, timedelta
from threading import Event

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from accounts.errors import AccountError
from accounts.link_tokens import invitation_tokens
from accounts.mail import wait_for_messages
from accounts.models import AccountEvent, Institution, User
from accounts.services import (
    invitation_accept,
    invitation_send,
    person_close,
    person_register,
    person_suspend,
    person_update,
)
from tests.accounts.messages import link_in_newest_message, sent
from tests.cast import PASSWORD, client_of, person

SITE = "https://covidxray.example"
FORGOTTEN = "/accounts/forgotten/"
NEW = "another one that is long"
VALUES = {"first_name": "Eve", "last_name": "Okafor", "new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def eve(hospital: Institution, dora: User) -> User:
    """Somebody who has been registered and sent an invitation."""
    eve = User(username="eve", email="eve@example.org", institution=hospital, is_radiographer=True)
    person_register(actor=dora, person=eve)
    invitation_send(actor=dora, person=eve, site=SITE)
    eve.refresh_from_db()
    return eve


def follow(client: Client, link: str, values: dict[str, str] | None = None):
    """Open the link as a browser does, and fill in the form behind it."""
    page = client.get(link, follow=True)
    address = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(address, values) if values else page


def kinds_of(user: User) -> list[str]:
    return list(AccountEvent.objects.filter(person=user).order_by("pk").values_list("kind", flat=True))


class TestInvitation:
    def test_accepting_an_invitation_signs_in(self, stranger: Client, eve: User) -> None:
        assert follow(stranger, link_in_newest_message(), VALUES)["Location"] == "/accounts/sign-in/"
        eve.refresh_from_db()
        assert (eve.status, eve.is_active, eve.get_full_name()) == ("active", True, "Eve Okafor")
        assert "_auth_user_id" not in stranger.session
        assert stranger.post("/accounts/sign-in/", {"username": "EVE", "password": NEW})["Location"] == "/"
        assert kinds_of(eve) == ["registered", "invited", "accepted"]

    def test_the_message_names_site_person_and_how_long(self, eve: User) -> None:
        (message,) = mail.outbox
        assert message.to == ["eve@example.org"]
        for words in ("Your user name is: eve", "St. Anna", f"{SITE}/accounts/invitation/", "72 hours"):
            assert words in str(message.body)

    def test_no_sign_in_before_accepting(self, stranger: Client, eve: User) -> None:
        stranger.post("/accounts/sign-in/", {"username": "eve", "password": ""})
        stranger.post("/accounts/sign-in/", {"username": "eve", "password": eve.password})
        assert "_auth_user_id" not in stranger.session

    def test_a_link_works_once(self, stranger: Client, eve: User) -> None:
        link = link_in_newest_message()
        follow(stranger, link, VALUES)
        again = follow(Client(), link, VALUES | {"new_password1": "x" * 20, "new_password2": "x" * 20})
        assert "This link does not work any more" in again.content.decode()
        eve.refresh_from_db()
        assert eve.check_password(NEW)

    def test_a_newer_invitation_ends_the_older(self, stranger: Client, eve: User, dora: User) -> None:
        older = link_in_newest_message()
        invitation_send(actor=dora, person=eve, site=SITE)
        assert "does not work any more" in follow(stranger, older).content.decode()
        assert "Open the account" in follow(stranger, link_in_newest_message()).content.decode()

    def test_a_corrected_address_ends_the_link(self, stranger: Client, eve: User, dora: User) -> None:
        eve.email = "eve.okafor@example.org"
        person_update(actor=dora, person=eve, fields=["email"])
        assert "does not work any more" in follow(stranger, link_in_newest_message()).content.decode()

    def test_a_closed_account_is_not_opened_by_its_link(self, stranger: Client, eve: User, dora: User) -> None:
        person_close(actor=dora, person=eve, reason="never came")
        assert "does not work any more" in follow(stranger, link_in_newest_message()).content.decode()

    def test_it_expires(self, stranger: Client, eve: User, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        later = datetime.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 60)
        monkeypatch.setattr(invitation_tokens, "_now", lambda: later)
        assert "does not work any more" in follow(stranger, link_in_newest_message()).content.decode()

    def test_a_clock_that_is_set_back_ends_the_link(
        self, stranger: Client, eve: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By an hour: it would last an hour longer. By half a minute, as clocks are corrected, it goes on."""
        link = link_in_newest_message()
        monkeypatch.setattr(invitation_tokens, "_now", lambda: datetime.now() - timedelta(seconds=30))
        assert "Open the account" in follow(stranger, link).content.decode()
        monkeypatch.setattr(invitation_tokens, "_now", lambda: datetime.now() - timedelta(hours=1))
        assert "does not work any more" in follow(stranger, link).content.decode()

    @pytest.mark.parametrize("damage", ["another person", "altered", "of a forgotten password"])
    def test_an_invented_link_opens_nothing(self, stranger: Client, eve: User, alice: User, damage: str) -> None:
        link = link_in_newest_message()
        if damage == "of a forgotten password":
            stranger.post(FORGOTTEN, {"email": alice.email})
            link = link_in_newest_message().replace("/forgotten/", "/invitation/")
        elif damage == "altered":
            link = link[:-2] + ("x/" if link[-2] != "x" else "y/")
        else:
            link = link.replace(link.split("/")[3], "MQ")
        assert "does not work any more" in follow(stranger, link).content.decode()

    @pytest.mark.parametrize(
        "changes", [{"new_password1": "short", "new_password2": "short"}, {"new_password2": "else"}, {"last_name": ""}]
    )
    def test_a_weak_password_or_no_name_is_refused(self, stranger: Client, eve: User, changes: dict[str, str]) -> None:
        assert follow(stranger, link_in_newest_message(), VALUES | changes).status_code == 422
        eve.refresh_from_db()
        assert (eve.status, eve.has_usable_password()) == ("invited", False)

    def test_a_password_made_of_the_name_is_refused(self, stranger: Client, eve: User) -> None:
        own = {"first_name": "Eve", "last_name": "Okafor-Williams"}
        weak = {"new_password1": "Okafor-Williams", "new_password2": "Okafor-Williams"}
        assert follow(stranger, link_in_newest_message(), own | weak).status_code == 422

    def test_posted_rights_are_ignored(self, stranger: Client, eve: User) -> None:
        forged = {"is_staff": "on", "is_superuser": "on", "username": "root", "email": "x@evil.example"}
        follow(stranger, link_in_newest_message(), VALUES | forged)
        eve.refresh_from_db()
        assert (eve.is_staff, eve.is_superuser, eve.username, eve.email) == (False, False, "eve", "eve@example.org")

    def test_two_who_accept_at_once_do_not_both_win(self, eve: User) -> None:
        first, second = (User.objects.get(pk=eve.pk) for _ in range(2))
        invitation_accept(person=first, first_name="E", last_name="O", password=NEW)
        with pytest.raises(AccountError, match="has been used"):
            invitation_accept(person=second, first_name="X", last_name="X", password="x" * 20)

    def test_its_secret_leaves_the_address_bar(self, stranger: Client, eve: User) -> None:
        page = follow(stranger, link_in_newest_message())
        assert page.redirect_chain[-1][0].endswith("/set-password/")
        assert page["Referrer-Policy"] == "same-origin"


class TestForgottenPassword:
    def ask(self, client: Client, email: str) -> None:
        answer = client.post(FORGOTTEN, {"email": email})
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/forgotten/sent/")

    def test_a_link_leads_to_a_new_password(self, stranger: Client, alice: User) -> None:
        elsewhere = client_of(alice)
        self.ask(stranger, "ALICE@Example.org")
        assert sent()[0].to == ["alice@example.org"]
        passwords = {"new_password1": NEW, "new_password2": NEW}
        assert follow(stranger, link_in_newest_message(), passwords)["Location"] == "/accounts/sign-in/"
        alice.refresh_from_db()
        assert alice.check_password(NEW)
        assert elsewhere.get("/")["Location"].startswith("/accounts/sign-in/")
        assert "does not work any more" in follow(Client(), link_in_newest_message()).content.decode()

    @pytest.mark.parametrize("status", ["nobody", "suspended", "closed", "invited"])
    def test_the_answer_is_the_same_and_nothing_is_sent(
        self, stranger: Client, alice: User, dora: User, hospital: Institution, status: str
    ) -> None:
        email = "nobody@example.org" if status == "nobody" else "alice@example.org"
        if status == "suspended":
            person_suspend(actor=dora, person=alice, reason="-")
        elif status == "closed":
            person_close(actor=dora, person=alice, reason="-")
        elif status == "invited":
            email = "new@example.org"
            person_register(actor=dora, person=User(username="new", email=email, institution=hospital))
        self.ask(stranger, email)
        assert sent() == []

    def test_the_link_leads_to_the_site_of_the_settings(
        self, stranger: Client, alice: User, settings: Settings
    ) -> None:
        settings.SITE_URL = f"{SITE}/"
        self.ask(stranger, alice.email)
        assert f"{SITE}/accounts/forgotten/" in str(sent()[0].body)

    @pytest.mark.parametrize("host", ["testserver:1234", "testserver"])
    def test_the_requests_port_is_in_no_link(self, alice: User, settings: Settings, host: str) -> None:
        """Without SITE_URL, on a server: ALLOWED_HOSTS says nothing of ports."""
        settings.SITE_URL, settings.DEVELOPMENT = "", False
        self.ask(Client(HTTP_HOST=host), alice.email)
        assert "http://testserver/accounts/forgotten/" in str(sent()[0].body)

    def test_a_developers_port_is(self, alice: User, settings: Settings) -> None:
        settings.SITE_URL, settings.DEVELOPMENT = "", True
        self.ask(Client(HTTP_HOST="localhost:8000"), alice.email)
        assert "http://localhost:8000/accounts/forgotten/" in str(sent()[0].body)

    def test_a_suspended_persons_link_is_dead(self, stranger: Client, alice: User, dora: User) -> None:
        self.ask(stranger, alice.email)
        person_suspend(actor=dora, person=alice, reason="-")
        page = follow(stranger, link_in_newest_message(), {"new_password1": NEW, "new_password2": NEW})
        assert "does not work any more" in page.content.decode()
        alice.refresh_from_db()
        assert alice.check_password(PASSWORD)

    def test_a_mail_fault_changes_no_answer(
        self, stranger: Client, alice: User, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A mail server that is away changes nothing of the answer."""
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        self.ask(stranger, alice.email)
        wait_for_messages()
        (record,) = [record for record in caplog.records if record.name == "accounts.mail"]
        assert str(alice.uuid) in record.getMessage()
        assert "example.org" not in record.getMessage()

    def test_the_answer_waits_for_no_mail(self, stranger: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        has_answered, began = Event(), Event()

        def slowly(message: EmailMessage, *_: object) -> None:
            began.set()
            assert has_answered.wait(10), "the answer waited for the mail server"

        monkeypatch.setattr(EmailMessage, "send", slowly)
        self.ask(stranger, alice.email)
        has_answered.set()
        wait_for_messages()
        assert began.is_set()

    def test_no_letter_box_is_filled(self, stranger: Client, alice: User, bob: User) -> None:
        for email in [alice.email, alice.email.upper(), alice.email, bob.email]:
            self.ask(stranger, email)
        assert [message.to for message in sent()] == [[alice.email], [bob.email]]


class TestStatus:
    def test_old_sessions_stay_ended(self, alice: User, dora: User) -> None:
        from accounts.services import person_reactivate

        client = client_of(alice)
        person_suspend(actor=dora, person=alice, reason="-")
        person_reactivate(actor=dora, person=alice, reason="-")
        assert client.get("/")["Location"].startswith("/accounts/sign-in/")
        assert client_of(User.objects.get(pk=alice.pk)).get("/").status_code == 200

    def test_the_last_administrator_stays(self, dora: User, hospital: Institution) -> None:
        root = User.objects.create_superuser("root", "r@example.org", institution=hospital, is_staff=True)
        User.objects.filter(pk=root.pk).update(is_staff=False)
        for service in (person_suspend, person_close):
            with pytest.raises(AccountError, match="last active administrator"):
                service(actor=root, person=dora, reason="-")
        eve = person("eve", hospital, is_staff=True)
        person_suspend(actor=eve, person=dora, reason="-")
        dora.refresh_from_db()
        assert dora.status == "suspended"

    def test_the_last_administrators_role_stays(self, dora: User, hospital: Institution) -> None:
        root = User.objects.create_superuser("root", "r@example.org", institution=hospital)
        User.objects.filter(pk=root.pk).update(is_staff=False)
        dora.is_staff = False
        with pytest.raises(AccountError, match="last active administrator"):
            person_update(actor=root, person=dora, fields=["is_staff"])

    def test_is_active_follows_the_status(self, alice: User) -> None:
        from django.db import IntegrityError, transaction

        for changes in ({"is_active": False}, {"status": "closed"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                User.objects.filter(pk=alice.pk).update(**changes)
