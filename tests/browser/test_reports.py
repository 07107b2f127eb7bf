"""A radiographer makes a report of a result, looks at it, saves it, and somebody else checks it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.uploads.services import diagnosis_create
from tests.cast import PASSWORD
from tests.diagnosis.reports.made import text_of
from tests.uploads import radiograph_dicom

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]


@pytest.fixture
def result_page(page: Page, alice: User, dicom_samples: Path) -> Page:
    """The result of a radiograph whose patient's name is an attack."""
    content = radiograph_dicom(dicom_samples, PatientName="<script>alert(1)</script>", PatientID="MRN-0042")
    diagnosis = diagnosis_create(user=alice, content=content, file_name="chest.dcm").diagnosis
    page.goto("/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.goto(diagnosis.get_absolute_url())
    return page


def test_from_the_result_to_a_checked_report(
    result_page: Page, browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    page = result_page
    page.get_by_role("button", name="Make a report").click()
    expect(page.get_by_role("heading", name="Report Valid")).to_be_visible()
    pictures = page.locator(".report-pages img")
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1240
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download PDF").click()
    saved.value.save_as(tmp_path / "report.pdf")
    text = text_of((tmp_path / "report.pdf").read_bytes())
    assert "MRN-0042" in text
    assert "<script>alert(1)</script>" in text

    code = page.get_by_role("link", name="-").filter(has_text="-").first.inner_text()
    somebody = browser.new_context(base_url=live_server.url).new_page()
    somebody.goto(f"/verify/{code}/")
    expect(somebody.get_by_text("This report is valid.")).to_be_visible()
    somebody.context.close()

    page.get_by_role("link", name="Back to the result").click()
    page.get_by_role("button", name="De-identified").click()
    expect(page.get_by_role("heading", name="De-identified report")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1366, 2560])
def test_nothing_is_wider_than_the_window(result_page: Page, width: int) -> None:
    page = result_page
    page.set_viewport_size({"width": width, "height": 900})
    overflow = "document.documentElement.scrollWidth - window.innerWidth"
    assert page.evaluate(overflow) <= 0
    page.get_by_role("button", name="Make a report").click()
    expect(page.get_by_role("heading", name="Report Valid")).to_be_visible()
    assert page.evaluate(overflow) <= 0
