"""The people of the tests: Alice, who uploads; Bob, her colleague; Charlie, who works elsewhere; Dora, who administers.

Everybody's password is PASSWORD.
"""

import pytest
from django.test import Client

from accounts.models import Institution, User
from tests.password import PASSWORD as PASSWORD  # noqa: PLC0414  also found here


def person(username: str, institution: Institution, **roles: bool) -> User:
    return User.objects.create_user(
        username, f"{username}@example.org", PASSWORD, institution=institution, first_name=username.title(), **roles
    )


def client_of(user: User) -> Client:
    """A browser without scripts in which the person is signed in; an error in a view is an answer, as it is outside."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def hospital(db: None) -> Institution:
    return Institution.objects.create(name="St. Anna")


@pytest.fixture
def elsewhere(db: None) -> Institution:
    return Institution.objects.create(name="Elsewhere Clinic")


@pytest.fixture
def alice(hospital: Institution) -> User:
    return person("alice", hospital, is_radiographer=True)


@pytest.fixture
def bob(hospital: Institution) -> User:
    return person("bob", hospital, is_radiographer=True)


@pytest.fixture
def charlie(elsewhere: Institution) -> User:
    return person("charlie", elsewhere, is_radiographer=True)


@pytest.fixture
def dora(hospital: Institution) -> User:
    """An administrator without the clinical role."""
    return person("dora", hospital, is_staff=True)


@pytest.fixture
def stranger(db: None) -> Client:
    """A browser without anyone signed in."""
    return Client(raise_request_exception=False)
