"""What the site tells browsers about itself."""

import pytest
from django.test import Client

from accounts.models import User
from tests.cast import client_of

pytestmark = pytest.mark.usefixtures("engine")
ADDRESSES = ["/", "/accounts/sign-in/", "/results/", "/upload/", "/nothing-here", "/admin/", "/healthz"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_policy_allows_nothing_unsafe(address: str, alice: User) -> None:
    answer = client_of(alice).get(address)
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_is_framed_sniffed_referred_or_kept(address: str, alice: User) -> None:
    answer = client_of(alice).get(address)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "private, no-store"


def test_another_host_name_is_refused(db: None) -> None:
    assert Client(headers={"host": "evil.example"}).get("/accounts/sign-in/").status_code == 400
