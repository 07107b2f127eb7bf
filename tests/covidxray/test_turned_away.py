"""Who is turned away, and how: what the table of addresses does not say."""

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from tests.cast import client_of
from tests.toy import ToyEngine


def test_radiographers_cannot_administer(alice: User) -> None:
    """Radiographers are sent from the administration to a refusal."""
    assert client_of(alice).get("/admin/accounts/user/", follow=True).status_code == 403


@pytest.mark.parametrize(("who", "status"), [("alice", 422), ("charlie", 422), ("dora", 403)])
def test_only_radiographers_upload(who: str, status: int, request: pytest.FixtureRequest, engine: ToyEngine) -> None:
    user = request.getfixturevalue(who)
    assert client_of(user).post(reverse("diagnosis:upload")).status_code == status


def test_a_strangers_upload_is_turned_away(stranger: Client) -> None:
    assert stranger.post(reverse("diagnosis:upload"))["Location"].startswith("/accounts/sign-in/")


def test_unknown_addresses_are_404(alice: User) -> None:
    client = client_of(alice)
    for tail in ("1/", "00000000-0000-4000-8000-000000000000/", "..%2f..%2fetc%2fpasswd", "%00/"):
        assert client.get(f"/results/{tail}").status_code == 404


def test_reverse_needs_a_uuid() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("diagnosis:result", args=[1])
