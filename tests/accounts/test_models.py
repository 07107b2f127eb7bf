"""People and institutions: one spelling of a name is one row, on every database."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts.models import Institution, User
from accounts.normalise import normalised
from tests.cast import person


@pytest.mark.parametrize("other", ["ALICE", "Alice", "\N{FULLWIDTH LATIN SMALL LETTER A}lice", " alice "])
def test_two_spellings_are_one_name(other: str) -> None:
    assert normalised(other) == "alice"


@pytest.mark.parametrize("text", ["Straße", "ﬃ", "İstanbul", "ΣΊΣΥΦΟΣ", "ǰ", "ᾳ"])
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text) == normalised(text.upper())


def test_user_names_differ_beyond_case(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_user("ALICE", "other@example.org", institution=alice.institution)


def test_email_addresses_differ_beyond_case(alice: User) -> None:
    """The database refuses a second spelling of an e mail address."""
    with pytest.raises(IntegrityError):
        User.objects.create_user("other", "Alice@Example.ORG", institution=alice.institution)


def test_institutions_differ_beyond_case(hospital: Institution) -> None:
    """The database refuses a second spelling of an institution."""
    with pytest.raises(IntegrityError):
        Institution.objects.create(name="ST. ANNA")


def test_the_normalised_column_follows_a_renaming(alice: User) -> None:
    alice.username = "Alice.Martens"
    alice.save()
    assert User.objects.get_by_natural_key("ALICE.MARTENS") == alice


def test_a_form_is_told_before_the_database_is(alice: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        User(username="ALICE", email="ALICE@example.org", institution=alice.institution).clean()
    assert set(refusal.value.message_dict) == {"username"}


def test_a_name_too_long_is_refused(hospital: Institution) -> None:
    ligature = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}"  # eighteen characters in its compatibility form
    with pytest.raises(ValidationError):
        User(username=ligature * 100, email="a@example.org", institution=hospital).clean()


def test_no_role_without_a_grant(hospital: Institution) -> None:
    user = person("eve", hospital)
    assert (user.is_staff, user.is_superuser, user.is_radiographer) == (False, False, False)


def test_a_used_institution_cannot_go(alice: User) -> None:
    with pytest.raises(IntegrityError):
        alice.institution.delete()
