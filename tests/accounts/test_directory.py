"""Names and passwords of a hospital's directory (a real slapd with StartTLS): who gets in, as what, and who not."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import ExternalIdentity, Institution, User
from accounts.services import person_suspend
from audit.models import Action, AuditEntry
from covidxray.environment import Environment
from covidxray.identity_settings import directory_settings
from tests.cast import PASSWORD as LOCAL_PASSWORD
from tests.certificates import Authority
from tests.slapd import PASSWORD, Directory, directory, tool  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.identity]


def use(settings: Settings, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
        setattr(settings, name, value)
    for name, value in directory_settings(Environment(), environment["LDAP_SERVER"]).items():
        setattr(settings, name, value)
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, "accounts.directory.DirectoryBackend"]


@pytest.fixture(autouse=True)
def served(
    directory: Directory,  # noqa: F811
    settings: Settings,
    hospital: Institution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(settings, directory.environment, monkeypatch)


def sign_in(client: Client, name: str, password: str = PASSWORD) -> str:
    """What the page says; nothing where the person is in."""
    answer = client.post("/accounts/sign-in/", {"username": name, "password": password})
    return "" if answer.status_code == 302 else answer.content.decode()


def test_a_group_gives_the_role(stranger: Client) -> None:
    """In whatever letter case the name is typed, there is one account."""
    assert sign_in(stranger, "lena") == ""
    assert sign_in(Client(), "LENA") == ""
    lena = User.objects.get(username="lena")
    assert (lena.is_radiographer, lena.is_staff, lena.institution.name) == (True, False, "St. Anna")
    assert (lena.display_name, lena.email) == ("Lena Nowak", "lena@hospital.example")
    assert len(ExternalIdentity.objects.get().subject) == 36, "the entry's UUID"
    assert sign_in(Client(), "igor") == ""
    assert User.objects.get(username="igor").is_staff
    assert AuditEntry.objects.filter(action=Action.SIGNED_IN, subject=lena.uuid, detail__outside=True).count() == 2


@pytest.mark.parametrize(
    ("name", "password"), [("lena", "wrong"), ("lena", ""), ("nobody", PASSWORD), ("*", PASSWORD), ("le*", PASSWORD)]
)
def test_a_wrong_password_is_refused(stranger: Client, name: str, password: str) -> None:
    said = sign_in(stranger, name, password)
    assert "The user name or the password is wrong" in said or not password
    assert not User.objects.filter(username="lena").exists()


def test_wrong_ones_lock_out(stranger: Client) -> None:
    for _ in range(5):
        sign_in(stranger, "lena", "wrong")
    assert "Too many attempts" in sign_in(stranger, "lena")


def test_right_ones_do_not(stranger: Client) -> None:
    """Not even those of somebody who is let in nowhere."""
    for _ in range(6):
        assert sign_in(Client(), "lena") == ""
        assert "in none of the groups" in sign_in(Client(), "gast")


@pytest.mark.parametrize(("name", "said"), [("gast", "in none of the groups"), ("fern", "names no institution")])
def test_who_is_let_in_nowhere_is_told(stranger: Client, name: str, said: str) -> None:
    assert said in sign_in(stranger, name)
    assert not User.objects.filter(username=name).exists()


def test_local_accounts_stay_and_are_not_taken_over(stranger: Client, hospital: Institution) -> None:
    """Neither the same name nor the same address makes the directory's Lena the one of this site."""
    local = User.objects.create_user(
        "lena", "lena@hospital.example", LOCAL_PASSWORD, institution=hospital, is_radiographer=True
    )
    assert "already" in sign_in(stranger, "lena")
    assert sign_in(Client(), "lena", LOCAL_PASSWORD) == ""
    assert User.objects.get() == local


def test_suspended_here_stays_out(stranger: Client, dora: User) -> None:
    sign_in(Client(), "lena")
    person_suspend(actor=dora, person=User.objects.get(username="lena"), reason="left")
    assert "suspended or closed" in sign_in(stranger, "lena")


def test_only_over_tls(
    directory: Directory,  # noqa: F811
    stranger: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A directory whose certificate another authority gave is asked nothing, and that is no wrong password."""
    other = Authority(tmp_path, "other").certificate
    use(settings, directory.environment | {"LDAP_CA_FILE": str(other)}, monkeypatch)
    for _ in range(6):
        assert "cannot be asked" in sign_in(stranger, "lena")


def test_programs_sign_in_too(stranger: Client) -> None:
    given = {"username": "lena", "password": PASSWORD}
    assert stranger.post("/api/sign-in/", given, content_type="application/json").status_code == 201
