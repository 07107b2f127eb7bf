"""A radiographer's day: three files, one of them broken, the list, a review, the printed report, the month."""

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.test_first_page import sign_in
from tests.browser.test_upload_page import classify, png, row, summary
from tests.diagnosis.reports.made import text_of
from tests.uploads import radiograph_png

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]


def test_a_radiographers_day(page: Page, dicom_samples: Path, tmp_path: Path) -> None:
    sign_in(page)
    upload_three_of_which_one_is_broken(page, dicom_samples)
    find_one_by_its_patient(page)
    review_it(page)
    text = printed_report(page, tmp_path)
    assert "9RG1" in text
    assert "Disagrees" in text
    assert "Old scars" in text
    assert "Page 1 of 2" in text
    see_the_month(page)


def upload_three_of_which_one_is_broken(page: Page, dicom_samples: Path) -> None:
    page.get_by_role("link", name="Upload", exact=True).click()
    broken = FilePayload(name="broken.png", mimeType="image/png", buffer=radiograph_png(2)[:400])
    dicom = (dicom_samples / "RG1_UNCR.dcm").read_bytes()
    chest = FilePayload(name="chest.dcm", mimeType="application/dicom", buffer=dicom)
    page.locator("[type=file]").set_input_files([png("one.png"), broken, chest])
    classify(page)
    expect(summary(page)).to_contain_text("Classified: 2 · Not classified: 1")
    expect(row(page, "broken.png")).to_contain_text("Not classified")


def find_one_by_its_patient(page: Page) -> None:
    page.get_by_role("link", name="Results", exact=True).click()
    page.get_by_role("searchbox", name="Search").fill("9RG")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="chest.dcm")).to_be_visible()
    expect(page.get_by_role("link", name="one.png")).to_have_count(0)
    page.goto("/results/?review=unreviewed&prediction=Positive")
    expect(page.get_by_role("link", name="one.png")).to_be_visible()
    page.get_by_role("link", name="chest.dcm").click()


def review_it(page: Page) -> None:
    page.get_by_label("COVID unlikely").check()
    page.get_by_label("Remarks").fill("Old scars")
    page.get_by_role("button", name="Save the review").click()
    expect(page.locator("#review .verdict")).to_have_text("Disagrees")


def printed_report(page: Page, folder: Path) -> str:
    page.get_by_role("button", name="Make a report").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download PDF").click()
    saved.value.save_as(folder / "report.pdf")
    return text_of((folder / "report.pdf").read_bytes())


def see_the_month(page: Page) -> None:
    page.get_by_role("link", name="Statistics", exact=True).click()
    page.get_by_text("Table: Answers by day").click()
    table = page.get_by_role("group", name="Answers by day")
    expect(table.get_by_role("row").last.get_by_role("cell").first).to_have_text("2")
    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_role("row", name="Cannot be assessed 1 1")).to_be_visible()
