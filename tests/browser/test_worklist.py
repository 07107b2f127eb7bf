"""A radiographer works through the worklist by keyboard and mouse, and sees who reads what."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from diagnosis.worklist.services import claim_take
from tests.browser.axe import judge
from tests.browser.test_first_page import sign_in
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]


def test_from_one_case_to_the_next(page: Page, alice: User, bob: User, axe: str) -> None:
    for seed in range(3):
        diagnosed(alice, seed, name=f"chest-{seed}.png")
    claim_take(user=bob, study=alice.studies.get(file_name="chest-1.png"))
    sign_in(page)
    expect(page.get_by_role("heading", name="Worklist 3")).to_be_visible()
    expect(page.get_by_text("Bob is reading this.")).to_be_visible()
    judge(page, axe)
    page.get_by_role("button", name="Next unreviewed").click()
    expect(page.get_by_text("1 of 3")).to_be_visible()
    judge(page, axe)
    page.get_by_label("COVID likely").check()
    page.get_by_label("Enlarged heart").check()
    page.get_by_role("button", name="Save and open the next").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.get_by_label("COVID likely").check()
    page.get_by_role("button", name="Save and open the next").click()
    expect(page.get_by_text("No other result is waiting for you.")).to_be_visible()
    expect(page.get_by_text("Bob is reading this.")).to_be_visible()
    judge(page, axe)
