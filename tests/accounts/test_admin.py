"""The administration: accounts and institutions, and no way to rights that were not given."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import AccountEvent, Institution, User
from tests.accounts.messages import sent
from tests.cast import PASSWORD, client_of, person

PERSON_FIELDS = {"username", "first_name", "last_name", "email", "institution", "is_radiographer", "is_staff"}


@pytest.fixture
def client(dora: User) -> Client:
    return client_of(dora)


def change_page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def step_page(user: User, name: str) -> str:
    return reverse("admin:accounts_user_step", args=[user.pk, name])


def as_posted(user: User, **changes: object) -> dict[str, object]:
    history = {"events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0}
    return {"username": user.username, "email": user.email, "institution": user.institution_id, **history, **changes}


def messages_of(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


class TestRegistering:
    def form(self, hospital: Institution, **changes: object) -> dict[str, object]:
        values = {"username": "eve", "email": "eve@example.org", "institution": hospital.pk, "is_radiographer": "on"}
        return {**values, **changes}

    def post(self, client: Client, form: dict[str, object]):
        return client.post(reverse("admin:accounts_user_add"), form, follow=True)

    def test_a_new_radiographer_is_invited(
        self,
        client: Client,
        hospital: Institution,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        """An administrator registers a radiographer who is sent an invitation."""
        with django_capture_on_commit_callbacks(execute=True):
            self.post(client, self.form(hospital))
        eve = User.objects.get(username="eve")
        assert (eve.is_radiographer, eve.is_staff, eve.is_superuser) == (True, False, False)
        assert (eve.status, eve.is_active, eve.has_usable_password()) == ("invited", False, False)
        assert [message.to for message in mail.outbox] == [["eve@example.org"]]
        assert "/accounts/invitation/" in mail.outbox[0].body

    @pytest.mark.django_db(transaction=True)
    def test_no_mail_server_when_registering(self, client: Client, hospital: Institution, settings: Settings) -> None:
        """Without a mail server the person is registered and the administrator told."""
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        told = messages_of(self.post(client, self.form(hospital)))
        assert "eve@example.org could not be sent" in told
        assert "send the invitation again later" in told
        assert User.objects.get(username="eve").status == "invited"

    def test_posted_passwords_and_rights_are_ignored(self, client: Client, hospital: Institution) -> None:
        extra = {"password1": PASSWORD, "password2": PASSWORD, "is_superuser": "on", "is_active": "on"}
        self.post(client, self.form(hospital, status="active", invitations=9, **extra))
        eve = User.objects.get(username="eve")
        assert (eve.status, eve.is_active, eve.is_superuser, eve.has_usable_password()) == ("invited", *[False] * 3)

    @pytest.mark.parametrize(
        ("username", "email", "sentence"),
        [
            ("ALICE", "new@example.org", "A person with this user name exists already."),
            ("eve", "ALICE@example.org", "A person with this e-mail address exists already."),
        ],
    )
    def test_a_second_spelling_is_refused(
        self, client: Client, alice: User, username: str, email: str, sentence: str
    ) -> None:
        answer = self.post(client, self.form(alice.institution, username=username, email=email))
        assert sentence in answer.content.decode()
        assert User.objects.count() == 2


class TestSteps:
    """Invite again, suspend, reactivate, unlock, close: each with a reason."""

    def take(self, client: Client, user: User, name: str, reason: str = "because") -> str:
        answer = client.post(step_page(user, name), {"reason": reason}, follow=True)
        user.refresh_from_db()
        return messages_of(answer)

    def test_suspending_keeps_who_when_and_why(self, client: Client, alice: User, dora: User) -> None:
        page = client.get(step_page(alice, "suspend")).content.decode()
        assert "The person is signed out everywhere with the next click" in page
        assert "Done" in self.take(client, alice, "suspend", "left the hospital")
        assert (alice.status, alice.is_active) == ("suspended", False)
        event = AccountEvent.objects.get(person=alice)
        assert (event.kind, event.actor, event.reason) == ("suspended", dora, "left the hospital")
        assert "left the hospital" in client.get(change_page(alice)).content.decode()

    @pytest.mark.parametrize("name", ["suspend", "close"])
    def test_without_a_reason_nothing_happens(self, client: Client, alice: User, name: str) -> None:
        answer = client.post(step_page(alice, name), {"reason": " "})
        assert "This field is required." in answer.content.decode()
        alice.refresh_from_db()
        assert alice.status == "active"

    def test_a_suspended_person_is_reactivated(self, client: Client, alice: User) -> None:
        self.take(client, alice, "suspend")
        self.take(client, alice, "reactivate")
        assert (alice.status, alice.is_active, alice.check_password(PASSWORD)) == ("active", True, True)

    def test_a_closed_account_needs_an_invitation(self, client: Client, alice: User) -> None:
        self.take(client, alice, "close")
        assert (alice.status, alice.has_usable_password()) == ("closed", False)
        assert "This account is: Closed." in self.take(client, alice, "reactivate")
        self.take(client, alice, "invite")
        assert (alice.status, alice.is_active, len(mail.outbox)) == ("invited", False, 1)

    def test_the_page_offers_what_the_status_allows(self, client: Client, alice: User) -> None:
        def offered() -> set[str]:
            return {step.name for step in client.get(change_page(alice)).context["steps"]}

        assert offered() == {"suspend", "unlock", "close"}
        self.take(client, alice, "suspend")
        assert offered() == {"reactivate", "close"}

    @pytest.mark.parametrize("name", ["suspend", "close", "invite"])
    def test_no_one_does_it_to_themselves(self, client: Client, dora: User, name: str) -> None:
        assert "another administrator" in self.take(client, dora, name)
        assert dora.status == "active"
        assert "steps" not in client.get(change_page(dora)).context

    def test_a_superusers_account_is_beyond_staff(self, client: Client, hospital: Institution) -> None:
        root = User.objects.create_superuser("root", "root@example.org", PASSWORD, institution=hospital)
        assert client.post(step_page(root, "suspend"), {"reason": "mine now"}).status_code == 403
        root.refresh_from_db()
        assert root.status == "active"

    def test_a_step_that_does_not_exist_is_404(self, client: Client, alice: User) -> None:
        assert client.get(step_page(alice, "promote")).status_code == 404


def test_no_superuser_no_permission(client: Client, alice: User) -> None:
    extra = {"is_superuser": "on", "user_permissions": ["1", "2"], "groups": ["1"], "is_radiographer": "on"}
    assert client.post(change_page(alice), as_posted(alice, **extra)).status_code == 302
    alice.refresh_from_db()
    assert alice.is_radiographer
    assert not alice.is_superuser
    assert not alice.user_permissions.exists()


def test_posted_fields_that_have_none_are_ignored(client: Client, alice: User) -> None:
    before = User.objects.values().get(pk=alice.pk)
    forged = {
        "is_active": "",
        "status": "closed",
        "password": "x",
        "session_epoch": 9,
        "uuid": "0",
        "last_login_0": "x",
    }
    assert client.post(change_page(alice), as_posted(alice, is_radiographer="on", first_name="Al", **forged))
    assert User.objects.values().get(pk=alice.pk) == before | {"first_name": "Al", "name_key": "al"}


def test_own_roles_are_not_changeable(client: Client, dora: User, elsewhere: Institution) -> None:
    changes = {"institution": elsewhere.pk, "is_radiographer": "on", "is_superuser": "on", "first_name": "Theodora"}
    assert client.post(change_page(dora), as_posted(dora, **changes)).status_code == 302
    before = dora.institution
    dora.refresh_from_db()
    assert dora.first_name == "Theodora"
    assert (dora.institution, dora.is_radiographer, dora.is_superuser, dora.is_staff) == (before, False, False, True)


def test_a_superusers_account_is_beyond_staff(client: Client, hospital: Institution) -> None:
    root = User.objects.create_superuser("root", "root@example.org", PASSWORD, institution=hospital)
    assert client.post(change_page(root), as_posted(root, email="dora@evil.example")).status_code == 403
    root.refresh_from_db()
    assert root.email == "root@example.org"
    assert root.check_password(PASSWORD)


def test_no_administrator_types_somebody_elses_password(client: Client, alice: User) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_user_password_change", args=[alice.pk])
    client.post(f"/admin/accounts/user/{alice.pk}/password/", {"password1": "x" * 20, "password2": "x" * 20})
    client.post(change_page(alice), as_posted(alice, password="x" * 20, password1="x" * 20))
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_history_is_read_and_never_written(client: Client, alice: User, dora: User) -> None:
    event = AccountEvent.objects.create(person=alice, actor=dora, kind="suspended", reason="true")
    forged = {
        "events-TOTAL_FORMS": 1,
        "events-INITIAL_FORMS": 1,
        "events-0-id": event.pk,
        "events-0-person": alice.pk,
        "events-0-reason": "forged",
        "events-0-DELETE": "on",
    }
    client.post(change_page(alice), as_posted(alice, **forged))
    assert AccountEvent.objects.get(pk=event.pk).reason == "true"
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_a_change_of_roles_is_recorded(client: Client, alice: User, dora: User) -> None:
    client.post(change_page(alice), as_posted(alice, is_staff="on"))
    event = AccountEvent.objects.get(person=alice)
    assert (event.kind, event.actor) == ("changed", dora)
    assert event.detail["rights"]["is_staff"] == [False, True]
    assert event.detail["rights"]["is_radiographer"] == [True, False]


def test_former_address_is_told_of_a_change(
    client: Client, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """A person hears at the former address that an administrator changed it."""
    with django_capture_on_commit_callbacks(execute=True):
        client.post(change_page(alice), as_posted(alice, is_radiographer="on", email="dora.two@example.org"))
    assert [message.to for message in sent()] == [["alice@example.org"]]


def test_no_account_is_deleted(client: Client, alice: User) -> None:
    assert client.post(reverse("admin:accounts_user_delete", args=[alice.pk]), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}
    client.post(reverse("admin:accounts_user_changelist"), action)
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize(
    "lookup",
    [
        "password__startswith",
        "totpdevice__key__startswith",
        "staticdevice__token_set__token",
        "institution__users__password",
    ],
)
def test_secrets_cannot_be_searched_for(client: Client, alice: User, lookup: str) -> None:
    assert client.get(reverse("admin:accounts_user_changelist"), {lookup: "md5"}).status_code == 400


def test_the_list_is_filtered(client: Client, alice: User) -> None:
    address = reverse("admin:accounts_user_changelist")
    wanted = {"status__exact": "active", "institution__id__exact": str(alice.institution_id)}
    assert list(client.get(address, {**wanted, "is_radiographer__exact": "1"}).context["cl"].queryset) == [alice]


def test_a_radiographer_has_no_administration(alice: User) -> None:
    client = client_of(alice)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_there_is_no_second_sign_in_page(stranger: Client, dora: User) -> None:
    answer = stranger.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/sign-in/?next=/admin/accounts/user/"
    assert client_of(dora).get("/admin/login/")["Location"] == "/admin/"


def test_an_administrator_may_appoint_another(client: Client, hospital: Institution) -> None:
    eve = person("eve", hospital)
    client.post(change_page(eve), as_posted(eve, is_staff="on"))
    eve.refresh_from_db()
    assert eve.is_staff
    assert not eve.is_superuser


def test_the_form_shows_no_other_right(client: Client, alice: User) -> None:
    form = client.get(change_page(alice)).context["adminform"].form
    assert set(form.fields) - {"seen"} == PERSON_FIELDS


def test_no_second_factor_is_shown(client: Client) -> None:
    text = client.get(reverse("admin:index")).content.decode()
    assert "TOTP" not in text
    assert "Static" not in text
