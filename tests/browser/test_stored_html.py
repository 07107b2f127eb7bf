"""HTML stored in every field that people fill in: on no page does a browser take it for an element.

`page` fails on a script that ran or was stopped by the policy; here nothing even becomes an element.
"""

import pytest
from django.contrib.admin.models import LogEntry
from playwright.sync_api import Page

from accounts.models import AccountEvent, Institution, User
from accounts.services import person_suspend
from diagnosis.models import Diagnosis, Patient, Study
from tests.browser.test_first_page import sign_in
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine
from tests.uploads import diagnosed

pytestmark = pytest.mark.browser
HTML = "\"><img src=x class=stored onerror=alert(1)></script><svg onload=alert(1)>'{{7*7}}"


@pytest.fixture
def diagnosis(alice: User, bob: User, dora: User, engine: ToyEngine) -> Diagnosis:
    """A result, its patient and people whose every text is HTML."""
    diagnosis = diagnosed(alice)
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference=HTML[:60], name=HTML)
    made(alice, diagnosis)
    Study.objects.filter(pk=diagnosis.study.pk).update(
        patient=patient, file_name=HTML, notes=HTML, dicom={"manufacturer": HTML, "body_part": HTML}
    )
    person_suspend(actor=dora, person=bob, reason=HTML)
    User.objects.update(first_name=HTML, last_name=HTML)
    Institution.objects.update(name=HTML)
    LogEntry.objects.log_actions(dora.pk, [alice], 2, change_message=HTML, single_object=True)
    assert AccountEvent.objects.filter(reason=HTML).exists()
    return Diagnosis.objects.get()


def elements_of(page: Page, addresses: list[str]) -> dict[str, int]:
    """How often each page shows the text; fails where it has become an element."""
    shown = {}
    for address in addresses:
        page.goto(address)
        assert page.locator(".stored").count() == 0, address
        shown[address] = page.content().count("img src=x class=stored")
    return shown


def test_for_a_radiographer(page: Page, diagnosis: Diagnosis) -> None:
    sign_in(page)
    study, patient = diagnosis.study, diagnosis.study.patient
    assert patient is not None
    shown = elements_of(
        page,
        [
            "/",
            "/upload/",
            "/results/",
            f"/results/?q={HTML[:30]}",
            diagnosis.get_absolute_url(),
            "/patients/",
            patient.get_absolute_url(),
            f"{patient.get_absolute_url()}edit/",
            *(f"/studies/{study.uuid}/{name}/" for name in ("edit", "move", "void")),
            "/accounts/profile/",
            "/statistics/",
            "/statistics/scorecard/",
        ],
    )
    assert min(shown.values()) > 0, shown


def test_for_an_administrator(page: Page, diagnosis: Diagnosis, alice: User, bob: User) -> None:
    sign_in(page, "dora")
    account = f"/admin/accounts/user/{bob.pk}"
    shown = elements_of(
        page,
        [
            "/admin/accounts/user/",
            f"{account}/change/",
            f"{account}/step/reactivate/",
            "/admin/accounts/user/add/",
            f"/admin/accounts/user/{alice.pk}/history/",
            "/admin/accounts/institution/",
            f"/admin/accounts/institution/{bob.institution_id}/change/",
            "/admin/diagnosis/diagnosis/",
            f"/admin/diagnosis/diagnosis/{diagnosis.pk}/change/",
        ],
    )
    assert min(shown.values()) > 0, shown
