"""The commands for the person who runs the site: the first administrator, and a second factor that was lost."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import AccountEvent, Institution, User
from audit.models import AuditEntry
from tests.cast import PASSWORD, client_of

pytestmark = pytest.mark.django_db
GIVEN = {"username": "root.admin", "email": "admin@example.org", "institution": "St. Anna"}


def create(monkeypatch: pytest.MonkeyPatch, password: str = PASSWORD, **changes: Any) -> str:
    output = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    call_command("create_administrator", password_stdin=True, stdout=output, **GIVEN | changes)
    return output.getvalue()


class TestCreateAdministrator:
    def test_makes_administrator_and_institution(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "root.admin administers St. Anna" in create(monkeypatch)
        user = User.objects.get()
        assert (user.is_staff, user.is_superuser, user.is_radiographer, user.status) == (True, False, False, "active")
        assert user.check_password(PASSWORD)
        assert AccountEvent.objects.get().actor is None

    def test_an_institution_that_exists_is_taken(self, monkeypatch: pytest.MonkeyPatch, hospital: Institution) -> None:
        create(monkeypatch, institution="ST. ANNA")
        assert User.objects.get().institution == hospital

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"password": "short"}, "too short"),
            ({"password": "password1234"}, "too common"),
            ({"password": "root.admin1234"}, "too similar"),
            ({"password": ""}, "too short"),
            ({"email": "nowhere"}, "valid email"),
            ({"username": "a b"}, "valid username"),
            ({"institution": "x" * 300}, "at most 150"),
        ],
    )
    def test_bad_input_leaves_nothing(
        self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], sentence: str
    ) -> None:
        with pytest.raises(CommandError, match=sentence):
            create(monkeypatch, **changes)
        assert not User.objects.exists()
        assert not Institution.objects.exists()

    def test_a_name_that_is_taken_is_refused(self, monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
        with pytest.raises(CommandError, match="exists already"):
            create(monkeypatch, username="ALICE")

    def test_without_a_terminal_it_asks_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        with pytest.raises(CommandError, match="User name is missing"):
            call_command("create_administrator")


class TestRemoveSecondFactor:
    def test_the_factor_and_every_session_are_gone(self, alice: User) -> None:
        TOTPDevice.objects.create(user=alice, name="app")
        client = client_of(alice)
        call_command("remove_second_factor", "ALICE", "--yes", stdout=io.StringIO())
        assert not TOTPDevice.objects.exists()
        assert client.get("/")["Location"].startswith("/accounts/sign-in/")
        assert AccountEvent.objects.get(person=alice).kind == "second-factor-off"

    @pytest.mark.parametrize("answer", ["", "yes", "bob"])
    def test_it_asks_first(self, monkeypatch: pytest.MonkeyPatch, alice: User, answer: str) -> None:
        TOTPDevice.objects.create(user=alice, name="app")
        monkeypatch.setattr("builtins.input", lambda _question: answer)
        with pytest.raises(CommandError, match="Nothing has been changed"):
            call_command("remove_second_factor", "alice")
        assert TOTPDevice.objects.exists()

    @pytest.mark.parametrize(("username", "sentence"), [("alice", "has no second"), ("nobody", "There is no person")])
    def test_nothing_to_remove_is_a_sentence(self, alice: User, username: str, sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            call_command("remove_second_factor", username, "--yes")


class TestDjangosOwn:
    def test_a_password_is_recorded(self, monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
        """And ends the person's sessions."""
        client = client_of(alice)
        monkeypatch.setattr("sys.stdin", io.StringIO("a new and long one\n"))
        call_command("changepassword", "alice", password_stdin=True, stdout=io.StringIO())
        alice.refresh_from_db()
        assert alice.check_password("a new and long one")
        assert client.get("/accounts/profile/").status_code == 302
        event = AccountEvent.objects.get(person=alice)
        assert (event.kind, event.actor) == ("password", None)
        assert AuditEntry.objects.filter(action="account-password", subject=alice.uuid, actor=None).exists()

    def test_a_weak_password_is_refused(self, monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
        with pytest.raises(CommandError, match="too short"):
            call_command("changepassword", "alice", password_stdin=True)

    def test_a_superuser_is_recorded(self, monkeypatch: pytest.MonkeyPatch, hospital: Institution) -> None:
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        options = {"username": "root", "email": "root@example.org", "institution": hospital.pk}
        call_command("createsuperuser", interactive=False, stdout=io.StringIO(), **options)
        root = User.objects.get(username="root")
        entry = AuditEntry.objects.get(subject=root.uuid)
        assert (entry.action, entry.actor, entry.detail["is_superuser"]) == ("account-registered", None, True)

    def test_none_without_a_record(self, monkeypatch: pytest.MonkeyPatch, hospital: Institution) -> None:
        def refuse(**_: object) -> None:
            raise DatabaseError("no audit")

        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        monkeypatch.setattr("operations.management.commands.createsuperuser.superuser_note", refuse)
        options = {"username": "root", "email": "root@example.org", "institution": hospital.pk}
        with pytest.raises(DatabaseError):
            call_command("createsuperuser", interactive=False, stdout=io.StringIO(), **options)
        assert not User.objects.exists()
