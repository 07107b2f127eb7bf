"""The site in Malay and, written from right to left, in Arabic; each person's own choice."""

import re

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.axe import faults
from tests.browser.test_first_page import sign_in
from tests.browser.test_results_page import signed_in
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]
PAGES = ["home", "upload", "results", "statistics"]


@pytest.mark.parametrize(
    ("name", "code", "direction", "heading"),
    [("العربيّة", "ar", "rtl", "رفع صور الصدر الشعاعية"), ("Bahasa Melayu", "ms", "ltr", "Muat naik radiograf dada")],
    ids=["ar", "ms"],
)
def test_a_person_chooses_a_language_in_the_profile(
    page: Page, name: str, code: str, direction: str, heading: str
) -> None:
    sign_in(page)
    page.goto("/accounts/profile/")
    page.get_by_label("Language").select_option(code)
    expect(page.get_by_label("Language").locator(f'option[value="{code}"]')).to_have_text(re.compile(f"^{name}$", re.I))
    page.get_by_role("button", name="Save").click()
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    expect(page.get_by_role("heading", name=heading).first).to_be_visible()


@pytest.mark.parametrize("language", ["ar", "ms"])
def test_no_page_is_wider_than_a_telephone(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    alice: User,
    axe: str,
    language: str,
) -> None:
    User.objects.filter(pk=alice.pk).update(language=language)
    addresses = [reverse(f"diagnosis:{name}") for name in PAGES] + [diagnosed(alice).get_absolute_url()]
    signed_in(context, live_server, alice)
    with translation.override(language):
        sign_out = gettext("Sign out")
    page.set_viewport_size(ViewportSize(width=360, height=740))
    for address in addresses:
        page.goto(address)
        expect(page.get_by_role("button", name=sign_out)).to_be_visible()
        assert faults(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
