"""A radiographer reads blind, sees the answer, reviews it and makes a report, by keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.models import Diagnosis, OwnReading, Review
from tests.browser.axe import judge
from tests.browser.test_first_page import sign_in
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]

FILLED = "element => getComputedStyle(element).backgroundColor"


@pytest.fixture
def diagnosis(alice: User, engine: object) -> Diagnosis:
    alice.reads_blind = True
    alice.save()
    return diagnosed(alice)


def chosen(page: Page, label: str) -> None:
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("Space")


def test_from_the_blind_reading_to_the_report(page: Page, diagnosis: Diagnosis, axe: str) -> None:
    sign_in(page)
    page.goto(diagnosis.get_absolute_url())
    expect(page.get_by_role("heading", name="Your reading")).to_be_visible()
    assert "31\N{NO-BREAK SPACE}%" not in page.inner_text("body")
    judge(page, axe)
    chosen(page, "COVID unlikely")
    page.get_by_label("Remarks").focus()
    page.keyboard.type("Clear lungs")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()
    assert OwnReading.objects.get().conclusion == "unlikely"
    expect(page.get_by_text("The reader and the model disagree.")).to_be_visible()  # the reading is the review

    page.get_by_text("Change the review").focus()
    page.keyboard.press("Enter")
    empty = page.get_by_label("COVID likely", exact=True).evaluate(FILLED)
    chosen(page, "COVID unlikely")
    assert page.get_by_label("COVID likely", exact=True).evaluate(FILLED) == empty  # nothing looked chosen before
    assert page.get_by_label("COVID unlikely", exact=True).evaluate(FILLED) != empty
    page.get_by_role("button", name="Save the review").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("tick what you see")).to_be_visible()
    judge(page, axe)
    chosen(page, "Pleural effusion")
    page.get_by_label("Remarks").focus()
    page.keyboard.type("Old scars")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#review .verdict").first).to_have_text("Disagrees")
    newest = Review.objects.latest("pk")
    assert (newest.reason, newest.findings, newest.is_blind) == ("Old scars", ["effusion"], False)
    judge(page, axe)
    page.get_by_role("button", name="Make a report").click()
    expect(page.get_by_role("heading", name="Report Valid")).to_be_visible()


def test_without_scripts_too(
    browser: Browser, live_server: LiveServer, diagnosis: Diagnosis, dicom_samples: Path
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = context.new_page()
    sign_in(page)
    page.goto(diagnosis.get_absolute_url())
    page.get_by_label("Cannot tell").check()
    page.get_by_role("button", name="Save and show the answer").click()
    page.get_by_text("Change the review").click()
    page.get_by_label("COVID likely").check()
    page.get_by_role("button", name="Save the review").click()
    page.get_by_text("Enter the result").click()
    page.locator("#outcome").get_by_label("RT-PCR negative").check()
    page.get_by_label("Date of the sample").fill("2026-02-03")
    page.get_by_role("button", name="Save the result").click()
    page.get_by_label("The date is right").check()
    page.get_by_role("button", name="Save the result").click()
    expect(page.locator("#outcome")).to_contain_text("RT-PCR negative, sample taken 3 Feb 2026")
    expect(page.locator("#review .verdict").first).to_have_text("Agrees")
    context.close()
