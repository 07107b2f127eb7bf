"""The administration: accounts and institutions, and no way to rights that were not given."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Institution, User
from tests.cast import PASSWORD, client_of, person

PERSON_FIELDS = {"username", "first_name", "last_name", "email", "institution", "is_active", "is_radiographer"}


@pytest.fixture
def client(dora: User) -> Client:
    return client_of(dora)


def change_page(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def as_posted(user: User, **changes: object) -> dict[str, object]:
    return {"username": user.username, "email": user.email, "institution": user.institution_id, **changes}


def test_an_administrator_registers_a_radiographer(client: Client, hospital: Institution, dora: User) -> None:
    form = {
        "username": "eve",
        "email": "eve@example.org",
        "institution": hospital.pk,
        "is_radiographer": "on",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert client.post(reverse("admin:accounts_user_add"), form).status_code == 302
    eve = User.objects.get(username="eve")
    assert (eve.is_radiographer, eve.is_staff, eve.is_superuser) == (True, False, False)
    assert Client().login(username="EVE", password=PASSWORD)


@pytest.mark.parametrize(
    ("username", "email", "sentence"),
    [
        ("ALICE", "new@example.org", "A user with that username already exists."),
        ("eve", "ALICE@example.org", "A person with this e-mail address exists already."),
    ],
)
def test_a_second_spelling_is_refused_with_a_sentence(
    client: Client, alice: User, username: str, email: str, sentence: str
) -> None:
    form = as_posted(alice, username=username, email=email, usable_password="true")
    answer = client.post(reverse("admin:accounts_user_add"), {**form, "password1": PASSWORD, "password2": PASSWORD})
    assert sentence in answer.content.decode()
    assert User.objects.count() == 2


def test_an_administrator_suspends_a_radiographer(client: Client, alice: User) -> None:
    assert client.post(change_page(alice), as_posted(alice, is_radiographer="on")).status_code == 302
    alice.refresh_from_db()
    assert not alice.is_active


def test_nobody_makes_a_superuser_or_grants_a_permission(client: Client, alice: User) -> None:
    extra = {"is_superuser": "on", "user_permissions": ["1", "2"], "groups": ["1"], "is_active": "on"}
    client.post(change_page(alice), as_posted(alice, **extra))
    alice.refresh_from_db()
    assert alice.is_active
    assert not alice.is_superuser
    assert not alice.user_permissions.exists()


def test_nobody_changes_the_own_roles_or_institution(client: Client, dora: User, elsewhere: Institution) -> None:
    changes = {"institution": elsewhere.pk, "is_radiographer": "on", "is_superuser": "on", "first_name": "Theodora"}
    assert client.post(change_page(dora), as_posted(dora, **changes)).status_code == 302
    before = dora.institution
    dora.refresh_from_db()
    assert dora.first_name == "Theodora"
    assert (dora.institution, dora.is_radiographer, dora.is_superuser, dora.is_staff) == (before, False, False, True)


def test_a_superusers_account_is_beyond_staff(client: Client, hospital: Institution) -> None:
    root = User.objects.create_superuser("root", "root@example.org", PASSWORD, institution=hospital)
    assert client.post(change_page(root), as_posted(root, is_active="on")).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.post(password, {"password1": "x" * 20, "password2": "x" * 20}).status_code == 403
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_nobody_is_deleted(client: Client, alice: User) -> None:
    assert client.post(reverse("admin:accounts_user_delete", args=[alice.pk]), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}
    client.post(reverse("admin:accounts_user_changelist"), action)
    assert User.objects.filter(pk=alice.pk).exists()


def test_password_hashes_cannot_be_searched_for(client: Client, alice: User) -> None:
    answer = client.get(reverse("admin:accounts_user_changelist"), {"password__startswith": "md5"})
    assert answer.status_code == 400


def test_a_radiographer_has_no_administration(alice: User) -> None:
    client = client_of(alice)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_the_administration_has_no_sign_in_page_of_its_own(stranger: Client, dora: User) -> None:
    answer = stranger.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/sign-in/?next=/admin/accounts/user/"
    assert client_of(dora).get("/admin/login/")["Location"] == "/admin/"


def test_an_administrator_may_register_another(client: Client, hospital: Institution) -> None:
    eve = person("eve", hospital)
    client.post(change_page(eve), as_posted(eve, is_active="on", is_staff="on"))
    eve.refresh_from_db()
    assert eve.is_staff
    assert not eve.is_superuser


def test_the_form_shows_no_other_right(client: Client, alice: User) -> None:
    form = client.get(change_page(alice)).context["adminform"].form
    assert set(form.fields) == PERSON_FIELDS | {"is_staff", "password"}
