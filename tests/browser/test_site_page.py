"""The administrators' page of the site's figures, in a browser: without a fault, narrow and from right to left too."""

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.axe import DESK, NARROW, RULES, window
from tests.browser.test_results_page import signed_in
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_has_no_fault(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    alice: User,
    dora: User,
    axe: str,
    language: str,
) -> None:
    diagnosed(alice)
    dora.language = language
    dora.save()
    signed_in(context, live_server, dora)
    page.goto("/admin/site/")
    for size in (DESK, NARROW):
        window(page, size)
        page.evaluate(axe)
        # The page around it is Django's own.
        found = page.evaluate("rules => axe.run('#content', {runOnly: rules, resultTypes: ['violations']})", RULES)
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")


def test_the_list_of_people_fits(
    page: Page, context: BrowserContext, live_server: LiveServer, alice: User, dora: User
) -> None:
    """No column is cut on a laptop, and there is room to type a name on a phone."""
    signed_in(context, live_server, dora)
    page.goto("/admin/accounts/user/")
    window(page, DESK)
    table = page.locator("#changelist .results")
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
    window(page, NARROW)
    assert page.locator("#searchbar").evaluate("field => field.offsetWidth") >= 100
