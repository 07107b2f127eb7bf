"""In a real browser against a real Orthanc: search, look, fetch; the result is here, and goes back into the study."""

from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.models import Diagnosis
from pacs.models import Peer
from tests.cast import client_of
from tests.pacs.orthanc import Orthanc
from tests.pacs.test_archives import in_archive

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]


@pytest.fixture
def signed_in(context: BrowserContext, live_server: LiveServer, alice: User, settings: Settings) -> None:
    settings.PACS = True
    session = client_of(alice).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])


def test_search_fetch_classify(
    page: Page, signed_in: None, archive: Peer, orthanc: Orthanc, alice: User, dicom_samples: Path
) -> None:
    Peer.objects.update(returns=Peer.Returns.AT_ONCE)
    call_command("send_to_pacs", once=True)  # from here on
    in_archive(orthanc, dicom_samples)
    page.goto("/")
    page.get_by_role("link", name="From the PACS").click()
    page.get_by_label("Patient name").fill("müller")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Müller Åsa").click()
    expect(page.get_by_text("P-1")).to_be_visible()  # whose it is, before it is fetched
    preview = page.get_by_role("img", name="Preview")
    expect(preview).to_have_js_property("complete", True)
    assert preview.evaluate("picture => picture.naturalWidth") > 100
    page.get_by_role("button", name="Fetch and classify").click()
    expect(page.get_by_text("Müller Åsa").first).to_be_visible()
    assert page.url.endswith(Diagnosis.objects.get().get_absolute_url())
    study = Diagnosis.objects.get().study
    assert (study.uploaded_by, study.received_from, study.patient_reference) == (alice, "ORTHANC", "P-1")
    page.goto("/pacs/received/")
    expect(page.get_by_role("row").filter(has_text="A-1").get_by_role("link", name="Open the result")).to_be_visible()
    page.goto("/results/")
    expect(page.get_by_role("row").filter(has_text="ORTHANC")).to_contain_text("A-1")
    call_command("send_to_pacs", once=True)
    page.goto("/pacs/sent/")
    expect(page.get_by_role("row").filter(has_text="Sent")).to_have_count(3)
    assert sorted(orthanc.modalities()) == ["CR", "DOC", "OT", "SR"]
