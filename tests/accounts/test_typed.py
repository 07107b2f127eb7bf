"""A form that is sent after the session ended: what was typed comes back to who typed it, and to nobody else."""

import re
import time
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.sessions import SEEN
from diagnosis.models import Diagnosis, Review, Study
from tests.cast import PASSWORD, client_of
from tests.rows import stored_result

REASON = "Costophrenic angles are blunted"


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def result(alice: User) -> Diagnosis:
    return stored_result(alice, patient_id="P 1", patient_name="Jane Doe")


def token_of(client: Client, page: str) -> str:
    found = re.search(r'name="typed_by" value="([^"]+)"', client.get(page).content.decode())
    assert found
    return found[1]


def expire(client: Client) -> None:
    session = client.session
    session[SEEN] = time.time() - 24 * 3600
    session.save()


def send(client: Client, address: str, typed: dict[str, str], **headers: str) -> HttpResponseBase:
    """As a browser sends a form without files."""
    body = urlencode(typed)
    return client.post(address, body, content_type="application/x-www-form-urlencoded", headers=headers)


def sign_in(client: Client, name: str = "alice") -> None:
    answer = client.post(reverse("accounts:sign-in"), {"username": name, "password": PASSWORD})
    assert answer.status_code == 302


def review_too_late(client: Client, result: Diagnosis) -> None:
    page = result.get_absolute_url()
    typed = {"review-conclusion": "unlikely", "review-reason": REASON, "typed_by": token_of(client, page)}
    expire(client)
    answer = send(client, reverse("diagnosis:review", args=[result.uuid]), typed, referer=f"http://testserver{page}")
    assert answer["Location"].startswith(reverse("accounts:sign-in"))


def test_a_review_comes_back_once(client: Client, result: Diagnosis) -> None:
    review_too_late(client, result)
    sign_in(client)
    text = client.get(result.get_absolute_url()).content.decode()
    assert REASON in text
    assert re.search(r'value="unlikely"[^>]*checked', text)
    assert "is here again" in text
    assert not Review.objects.exists()
    assert REASON not in client.get(result.get_absolute_url()).content.decode()


def test_another_person_never_sees_it(client: Client, result: Diagnosis, bob: User) -> None:
    review_too_late(client, result)
    assert REASON not in client.get(reverse("accounts:sign-in")).content.decode()
    sign_in(client, "bob")
    assert REASON not in client.get(result.get_absolute_url()).content.decode()
    assert REASON not in str([session.get_decoded() for session in Session.objects.all()])
    client.logout()
    sign_in(client)
    assert REASON not in client.get(result.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("page", "field", "typed"),
    [
        ("study-edit", "study-notes", "cough since Monday"),
        ("study-edit", "patient-name", "Doe Janet"),
        ("study-move", "reference", "P 77"),
        ("study-void", "reason", "wrong patient"),
        ("patient-edit", "name", "Doe Janet"),
    ],
)
def test_edits_come_back(client: Client, result: Diagnosis, page: str, field: str, typed: str) -> None:
    key = result.study.patient.uuid if page == "patient-edit" else result.study.uuid  # type: ignore[union-attr]
    address = reverse(f"diagnosis:{page}", args=[key])
    token = token_of(client, address)
    expire(client)
    send(client, address, {field: typed, "typed_by": token})
    sign_in(client)
    assert typed in client.get(address).content.decode()


def test_a_colleagues_edit_meanwhile_is_noticed(client: Client, result: Diagnosis) -> None:
    address = reverse("diagnosis:study-edit", args=[result.study.uuid])
    seen = re.search(r'name="study-seen" value="([^"]+)"', client.get(address).content.decode())
    assert seen
    token = token_of(client, address)
    expire(client)
    send(client, address, {"study-notes": "mine", "study-seen": seen[1], "typed_by": token})
    Study.objects.update(projection="AP")
    sign_in(client)
    page = client.get(address).content.decode()
    assert "mine" in page
    assert seen[1] in page


def test_nothing_is_kept_for_strangers(stranger: Client, result: Diagnosis, alice: User) -> None:
    address = reverse("diagnosis:review", args=[result.uuid])
    for token in ("", "forged", str(alice.uuid)):
        send(stranger, address, {"review-reason": REASON, "typed_by": token})
        stranger.post(reverse("accounts:typed"), {"address": address, "review-reason": REASON, "typed_by": token})
    assert "typed" not in stranger.session


def test_a_page_that_ends_by_itself_keeps_what_was_typed(client: Client, result: Diagnosis) -> None:
    """As its script does it: the session is over, and no page has been asked for since."""
    address = reverse("diagnosis:outcome", args=[result.uuid])
    token = token_of(client, result.get_absolute_url())
    expire(client)
    posted = {"address": address, "outcome-sampled": "2026-03-05", "typed_by": token}
    assert client.post(reverse("accounts:typed"), posted).status_code == 204
    assert client.get(result.get_absolute_url()).status_code == 302
    sign_in(client)
    assert 'value="2026-03-05"' in client.get(result.get_absolute_url()).content.decode()


def test_too_much_is_not_kept(client: Client, result: Diagnosis) -> None:
    token = token_of(client, result.get_absolute_url())
    expire(client)
    send(client, reverse("diagnosis:review", args=[result.uuid]), {"review-reason": "x" * 70_000, "typed_by": token})
    assert "typed" not in client.session
