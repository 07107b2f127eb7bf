"""Invitation, second factor and the end of a session in a real browser. `page` fails on any script error."""

import re

import pytest
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Institution, User
from accounts.services import invitation_send, person_register
from tests.accounts.messages import link_in_newest_message
from tests.browser.test_first_page import SMALLEST, sign_in
from tests.cast import PASSWORD
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]
NEW = "another one that is long"
LAPTOP: ViewportSize = {"width": 1366, "height": 768}


def code_of(device: TOTPDevice, step: int = 0) -> str:
    return f"{totp(device.bin_key, t0=-30 * step):06}"


def set_up(page: Page) -> list[str]:
    page.goto("/accounts/profile/")
    page.get_by_role("link", name="None: set it up").click()
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_role("img", name="Code to scan with the app")).to_be_visible()
    page.get_by_label("Code", exact=True).fill(code_of(TOTPDevice.objects.get()))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return page.locator(".recovery-codes code").all_inner_texts()


def give_password(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()


def test_a_second_factor_is_set_up_and_asked_for(page: Page) -> None:
    sign_in(page)
    codes = set_up(page)
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    give_password(page)
    page.get_by_label("Code").fill(code_of(TOTPDevice.objects.get(), step=1))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    give_password(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


@pytest.mark.parametrize("window", [SMALLEST, LAPTOP], ids=["phone", "laptop"])
def test_no_page_needs_scrolling_sideways(page: Page, window: ViewportSize) -> None:
    sign_in(page)
    page.set_viewport_size(window)
    addresses = ["second-factor/", "second-factor/set-up/"]
    for address in (
        *(f"/accounts/profile/{name}" for name in addresses),
        "/accounts/forgotten/",
        "/accounts/forgotten/sent/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], address


def test_an_invitation_is_accepted_without_a_script(
    browser: Browser, live_server: LiveServer, hospital: Institution
) -> None:
    eve = User(username="eve", email="eve@example.org", institution=hospital, is_radiographer=True)
    person_register(actor=None, person=eve)
    invitation_send(actor=None, person=eve, site=live_server.url)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(link_in_newest_message())
    page.get_by_label("First name").fill("Eve")
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_label("New password", exact=True).fill(NEW)
    page.get_by_label("New password confirmation").fill(NEW)
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_role("status")).to_contain_text("Your account is ready.")
    page.get_by_label("Username").fill("eve")
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    context.close()


def test_one_click_keeps_the_session(page: Page, settings: Settings) -> None:
    """A session that ends soon says so and is kept by one click."""
    settings.SESSION_IDLE_MINUTES = 2.05
    sign_in(page)
    page.goto("/accounts/profile/")
    notice = page.get_by_role("alert").filter(has_text="you will be signed out")
    expect(notice).to_be_visible()
    settings.SESSION_IDLE_MINUTES = 30
    page.get_by_role("button", name="Stay signed in").click()
    expect(notice).to_be_hidden()


def test_a_page_leaves_when_its_session_has_ended(page: Page, settings: Settings) -> None:
    settings.SESSION_IDLE_MINUTES = 0.1
    sign_in(page)
    page.goto("/accounts/profile/")
    page.wait_for_url(re.compile(r"/accounts/sign-in/\?next=/accounts/profile/"))
    expect(page.get_by_role("status")).to_contain_text("after a time without activity")


def test_what_was_typed_comes_back(page: Page, settings: Settings, alice: User) -> None:
    result = diagnosed(alice)
    settings.SESSION_IDLE_MINUTES = 0.2
    sign_in(page)
    page.goto(result.get_absolute_url())
    page.get_by_label("COVID unlikely").check()
    page.get_by_label("Remarks").fill("a fold of skin")
    page.wait_for_url(re.compile("/accounts/sign-in/"))
    settings.SESSION_IDLE_MINUTES = 30
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Remarks")).to_have_value("a fold of skin")
    expect(page.get_by_label("COVID unlikely")).to_be_checked()
    page.get_by_role("button", name="Save the review").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_the_administration_says_so_too_and_leaves(page: Page, settings: Settings, dora: User) -> None:
    settings.SESSION_IDLE_MINUTES = 2.05
    sign_in(page, "dora")
    page.goto("/admin/accounts/user/")
    notice = page.get_by_role("alert").filter(has_text="you will be signed out")
    expect(notice).to_be_visible()
    settings.SESSION_IDLE_MINUTES = 30
    page.get_by_role("button", name="Stay signed in").click()
    expect(notice).to_be_hidden()
    settings.SESSION_IDLE_MINUTES = 0.1
    page.goto("/admin/audit/auditentry/")
    page.wait_for_url(re.compile(r"/accounts/sign-in/\?next=/admin/audit/auditentry/"))
