"""Single sign-on against a real identity provider: who gets in, as what, and who is told why not."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from accounts.models import AccountEvent, ExternalIdentity, Institution, User
from accounts.services import person_suspend
from accounts.single_sign_on.backend import ProviderBackend
from audit.models import Action, AuditEntry
from tests.accounts.provider import CLIENT, HOSPITAL, Provider, claims_of, provider, started_provider  # noqa: F401
from tests.cast import PASSWORD, client_of

pytestmark = [pytest.mark.django_db, pytest.mark.identity]


@pytest.fixture(autouse=True)
def here(hospital: Institution) -> None:
    assert hospital.name == HOSPITAL


def is_in(client: Client) -> bool:
    return client.get("/accounts/session/").status_code == 200


def refused(action: Action = Action.SIGN_IN_FAILED) -> list[str]:
    return [entry.detail["reason"] for entry in AuditEntry.objects.filter(action=action)]


@pytest.mark.browser
def test_in_and_out_everywhere(browser: Browser, provider: Provider) -> None:  # noqa: F811
    """Lena signs in at her hospital, gets her role and name, and signing out here signs her out there."""
    page = browser.new_page(base_url=provider.site)
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto("/results/")
    page.get_by_role("link", name="Sign in with your hospital account").click()
    page.get_by_label("Name").fill("lena")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{provider.site}/results/")
    lena = User.objects.get(username="lena")
    assert (lena.display_name, lena.is_radiographer, lena.is_staff) == ("Lena Nowak", True, False)
    assert (lena.institution.name, lena.has_usable_password()) == (HOSPITAL, False)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Leave").click()
    page.wait_for_url(f"{provider.site}/accounts/sign-in/**")
    page.get_by_role("link", name="Sign in with your hospital account").click()
    expect(page.get_by_label("Name")).to_be_visible()
    assert faults == []
    page.close()


def test_roles_follow_the_groups(provider: Provider, stranger: Client, dora: User) -> None:  # noqa: F811
    """A role that is lost outside is lost here at the next sign-in, and the sessions of before end."""
    provider.signed_in(stranger, "igor otp")
    igor = User.objects.get(username="igor")
    assert (igor.is_staff, igor.is_radiographer) == (True, False)
    assert stranger.get("/admin/").status_code == 200, "the provider saw a second factor"
    assert AuditEntry.objects.filter(action=Action.SIGNED_IN).latest("sequence").detail == {
        "second_factor": True,
        "outside": True,
    }
    settings_of_groups = pytest.MonkeyPatch()
    settings_of_groups.setattr("django.conf.settings.OIDC_ADMINISTRATOR_GROUPS", ["nobody"])
    text = provider.signed_in(Client(), "igor otp")
    settings_of_groups.undo()
    assert "in none of the groups" in text
    assert not User.objects.get(username="igor").is_staff
    assert not is_in(stranger)
    assert AccountEvent.objects.filter(person=igor, kind="changed", detail__is_outside=True).exists()


def test_without_a_second_factor_there(provider: Provider, stranger: Client, settings: Settings) -> None:  # noqa: F811
    """An administrator is led to setting one up here, which takes no password that they do not have."""
    settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = True
    provider.signed_in(stranger, "igor")
    answer = stranger.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/profile/second-factor/set-up/"
    text = answer.content.decode()
    assert 'name="code"' in text
    assert 'name="password"' not in text


@pytest.mark.parametrize(
    ("login", "reason", "said"),
    [
        ("gast", "no-group", "in none of the groups that may work here"),
        ("fern", "institution", "names no institution that is registered here"),
    ],
)
def test_who_is_let_in_nowhere_is_told(
    provider: Provider,  # noqa: F811
    stranger: Client,
    login: str,
    reason: str,
    said: str,
) -> None:
    assert said in provider.signed_in(stranger, login)
    assert not is_in(stranger)
    assert not User.objects.filter(username=login).exists()
    assert refused() == [reason]


def test_an_e_mail_address_links_nobody(provider: Provider, stranger: Client, alice: User) -> None:  # noqa: F811
    """Only the owner of the account links it, with its password; then the subject opens it, whatever the address."""
    User.objects.filter(pk=alice.pk).update(email_key="lena@hospital.example", email="lena@hospital.example")
    assert "already" in provider.signed_in(stranger, "lena")
    assert not is_in(stranger)
    assert refused() == ["taken"]
    own = client_of(alice)
    assert own.post("/accounts/sso/link/", {"password": "wrong"}).status_code == 422
    assert own.get("/accounts/sso/")["Location"] == "/", "without the password nothing is linked"
    assert own.post("/accounts/sso/link/", {"password": PASSWORD})["Location"] == "/accounts/sso/"
    provider.signed_in(own, "lena")
    assert ExternalIdentity.objects.get().person == alice
    User.objects.filter(pk=alice.pk).update(email_key="new@x.org", email="new@x.org")
    provider.signed_in(stranger, "lena")
    assert is_in(stranger)
    assert AuditEntry.objects.filter(action=Action.ACCOUNT_LINKED, subject=alice.uuid).exists()


def test_nothing_is_linked_unasked(provider: Provider, stranger: Client, alice: User) -> None:  # noqa: F811
    """Whoever goes to the hospital in one tab and signs in here in another has linked nothing."""
    back = provider.way_back(stranger, "lena").removeprefix(provider.site)
    stranger.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    stranger.get(back, headers={"host": provider.site.removeprefix("http://")})
    assert is_in(stranger)
    assert not ExternalIdentity.objects.exists()


def test_suspended_here_stays_out(provider: Provider, stranger: Client, dora: User) -> None:  # noqa: F811
    provider.signed_in(stranger, "lena")
    assert is_in(stranger)
    person_suspend(actor=dora, person=User.objects.get(username="lena"), reason="left")
    assert not is_in(stranger)
    assert "suspended or closed" in provider.signed_in(stranger, "lena")
    assert not is_in(stranger)


def test_local_accounts_stay(provider: Provider, stranger: Client, alice: User) -> None:  # noqa: F811
    stranger.post("/accounts/sign-in/?code=x&state=y", {"username": "alice", "password": PASSWORD})
    assert is_in(stranger)


def test_an_answer_belongs_to_its_browser(provider: Provider, stranger: Client) -> None:  # noqa: F811
    """Nobody is signed in by an address that another browser was sent to, and none works twice."""
    back = provider.way_back(stranger, "lena").removeprefix(provider.site)
    host = {"host": provider.site.removeprefix("http://")}
    victim = Client()
    assert "did not work" in victim.get(back, headers=host, follow=True).content.decode()
    assert not is_in(victim)
    stranger.get(back, headers=host)
    assert is_in(stranger)
    stranger.post("/accounts/sign-out/")
    stranger.get(back, headers=host)
    assert not is_in(stranger)


# --- tokens that are wrong --------------------------------------------------------------------------------------------


@pytest.fixture
def key(settings: Settings) -> rsa.RSAPrivateKey:
    """The provider's, as far as this site knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = CLIENT, "secret"
    settings.OIDC_OP_ISSUER = settings.OIDC_OP_TOKEN_ENDPOINT = settings.OIDC_OP_USER_ENDPOINT = "https://op.example"
    settings.OIDC_RP_IDP_SIGN_KEY = key.public_key()
    return key


GOOD = {"iss": "https://op.example", "aud": CLIENT, "sub": "lena", "nonce": "n"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"nonce": "of another browser"},
        {"exp": 1},
        {"exp": None},
    ],
)
def test_a_token_for_others_is_refused(key: rsa.RSAPrivateKey, changes: dict) -> None:
    backend, payload = ProviderBackend(), GOOD | {"exp": time.time() + 60}
    assert backend.verify_token(jwt.encode(payload, key, "RS256"), nonce="n")["sub"] == "lena"
    wrong = {name: value for name, value in (payload | changes).items() if value is not None}
    with pytest.raises(Exception, match=r"."):
        backend.verify_token(jwt.encode(wrong, key, "RS256"), nonce="n")


def test_a_token_that_is_signed_otherwise_is_refused(key: rsa.RSAPrivateKey) -> None:
    payload, other = GOOD | {"exp": time.time() + 60}, rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        jwt.encode(payload, "", "none"),
        jwt.encode(payload, "secret" * 8, "HS256"),
        jwt.encode(payload, other, "RS256"),
    ):
        with pytest.raises(Exception, match=r"."):
            ProviderBackend().verify_token(token, nonce="n")


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({}, True),
        ({"iat": 1}, False),
        ({"events": {}}, False),
        ({"nonce": "n"}, False),
        ({"aud": "another"}, False),
        ({"sub": "another"}, False),
    ],
)
def test_signing_out_there_ends_the_sessions_here(
    key: rsa.RSAPrivateKey, alice: User, stranger: Client, changes: dict, ends: bool
) -> None:
    """Back-channel: only a logout token of now, for this site and this person."""
    ExternalIdentity.objects.create(person=alice, issuer="https://op.example", subject="lena")
    own = client_of(alice)
    payload = {"iss": "https://op.example", "aud": CLIENT, "sub": "lena", "iat": time.time(), "jti": "1"}
    payload |= {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}} | changes
    stranger.post("/accounts/sso/back-channel/", {"logout_token": jwt.encode(payload, key, "RS256")})
    assert is_in(own) is not ends
