"""Two people have one form open: the second is told, and loses nothing that was typed."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.errors import AccountError
from accounts.models import Institution, User
from accounts.services import institution_rename, person_update, profile_update
from audit.models import AuditEntry
from tests.cast import client_of

MEANWHILE = "Somebody else has changed this in the meantime"


def form_of(client: Client, address: str) -> dict[str, str]:
    """What the page's form would post, unchanged."""
    page = client.get(address).content.decode()
    fields = re.findall(r'<input type="(?:text|email|hidden)" name="([\w-]+)" value="([^"]*)"', page)
    chosen = re.findall(r'<select name="([a-z_]+)".*?<option value="([^"]*)" selected', page, flags=re.DOTALL)
    ticked = re.findall(r'<input type="checkbox" name="([a-z_]+)"[^>]* checked', page)
    return dict(fields) | dict(chosen) | dict.fromkeys(ticked, "on")


def test_an_administrators_stale_form(dora: User, alice: User) -> None:
    """Somebody gave another name while the page was open: its old one does not come back unnoticed."""
    client, address = client_of(dora), reverse("admin:accounts_user_change", args=[alice.pk])
    form = form_of(client, address)
    client.post(address, form | {"last_name": "Meanwhile"})
    answer = client.post(address, form | {"email": "typed@example.org"})
    page = answer.content.decode()
    alice.refresh_from_db()
    assert MEANWHILE in page
    assert "typed@example.org" in page
    assert (alice.last_name, alice.email) == ("Meanwhile", "alice@example.org")
    again = dict(re.findall(r'name="(seen)" value="([^"]*)"', page))
    assert client.post(address, form | again | {"email": "typed@example.org"}).status_code == 302
    alice.refresh_from_db()
    assert alice.email == "typed@example.org"


def test_a_form_of_now_is_stored(dora: User, alice: User) -> None:
    client, address = client_of(dora), reverse("admin:accounts_user_change", args=[alice.pk])
    assert client.post(address, form_of(client, address) | {"last_name": "Newer"}).status_code == 302
    alice.refresh_from_db()
    assert alice.last_name == "Newer"


def test_ones_own_stale_profile(alice: User) -> None:
    client = client_of(alice)
    form = form_of(client, "/accounts/profile/")
    User.objects.filter(pk=alice.pk).update(email="given@example.org")
    answer = client.post("/accounts/profile/", form | {"first_name": "Typed"})
    assert answer.status_code == 422
    assert MEANWHILE in answer.content.decode()
    assert 'value="Typed"' in answer.content.decode()
    alice.refresh_from_db()
    assert (alice.email, alice.first_name) == ("given@example.org", "Alice")


def test_a_stale_name_of_an_institution(dora: User, hospital: Institution) -> None:
    client, address = client_of(dora), reverse("admin:accounts_institution_change", args=[hospital.pk])
    form = form_of(client, address)
    Institution.objects.filter(pk=hospital.pk).update(name="Meanwhile", name_key="meanwhile")
    assert MEANWHILE in client.post(address, form | {"name": "Typed"}).content.decode()
    hospital.refresh_from_db()
    assert hospital.name == "Meanwhile"


def test_between_the_check_and_the_lock(dora: User, alice: User, hospital: Institution) -> None:
    """The values are compared once more with the rows that are locked."""
    User.objects.filter(pk=alice.pk).update(first_name="Meanwhile")
    Institution.objects.filter(pk=hospital.pk).update(name="Meanwhile")
    before = {"first_name": "Alice"}
    with pytest.raises(AccountError, match=MEANWHILE):
        person_update(actor=dora, person=alice, fields=["first_name"], before=before)
    with pytest.raises(AccountError, match=MEANWHILE):
        profile_update(user=alice, values={"first_name": "Typed"}, before=before)
    with pytest.raises(AccountError, match=MEANWHILE):
        institution_rename(actor=dora, institution=hospital, before={"name": hospital.name})


def test_institutions_are_in_the_audit(dora: User) -> None:
    client = client_of(dora)
    client.post(reverse("admin:accounts_institution_add"), {"name": "St. Bernard"})
    new = Institution.objects.get(name="St. Bernard")
    address = reverse("admin:accounts_institution_change", args=[new.pk])
    client.post(address, form_of(client, address) | {"name": "St. Bernard's"})
    entries = AuditEntry.objects.filter(subject=new.uuid).order_by("sequence")
    assert list(entries.values_list("action", "actor")) == [
        ("institution-created", dora.uuid),
        ("institution-renamed", dora.uuid),
    ]
