"""A form that another site sends in a signed-in person's name is refused at every address there is."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.covidxray.test_access import TABLE

ARGUMENTS: dict[str, list[object]] = {
    "": [],
    "code": ["AAAA-BBBB"],
    "report page": [uuid.UUID(int=1), 1],
    "step": [1, "suspend"],
    "link": ["MQ", "no-such-link"],
    "year": [2026],
    "month": [2026, 1],
    "nothing": [1, 1],
    "merge": [uuid.UUID(int=1), 1],
    "app": ["accounts"],
    "version": ["toy-1"],
    "plot": ["toy-1", "roc"],
    "study in the archive": [uuid.UUID(int=1), "1.2"],
    "radiograph in the archive": [uuid.UUID(int=1), "1.2", "1.3", "1.4"],
    **{
        kind: [1]
        for kind in (
            "user",
            "institution",
            "model",
            "row of a diagnosis",
            "audit entry",
            "peer",
            "instance",
            "outgoing",
            "row of a job",
        )
    },
    "file of no job": [uuid.UUID(int=1), "csv"],
}


def test_no_address_takes_a_form_from_elsewhere(alice: User, dora: User) -> None:
    taken = {}
    for person in (alice, dora):
        browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
        browser.force_login(person)
        for name, row in TABLE.items():
            address = reverse(name, args=ARGUMENTS.get(row.argument, [uuid.UUID(int=1)]))
            status = browser.post(address, {}, headers={"origin": "https://evil.example"}).status_code
            # The API looks at no cookie: 401. It takes no form to sign in: 415.
            # The identity provider's server sends no form of a page: it is off here, else its token is looked at.
            other = {"api:docs": 403, "api:sign-in": 415, "accounts:sso-back-channel": 404}
            if status != other.get(name, 401 if name.startswith("api:") else 403):
                taken[name] = status
    assert taken == {}


@pytest.mark.parametrize("address", ["/accounts/sign-in/", "/accounts/forgotten/"])
def test_nor_for_somebody_who_is_not_signed_in(db: None, address: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(address, {}, headers={"origin": "https://evil.example"}).status_code == 403
