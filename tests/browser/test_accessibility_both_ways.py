"""Every page from right to left, in the administration and for strangers, in both themes, as axe-core judges it.

Both directions have the same colours, so each page is judged in both themes in one of its languages only: those of
Alice in test_accessibility.py, the others here in English.
"""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.axe import OPEN_TO_ALICE, faulty, judged, opened, wrong_at_a_desk, wrong_in_both_themes
from tests.browser.test_results_page import signed_in
from tests.covidxray.test_access import TABLE, arguments  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]


def test_every_page_from_right_to_left(alices: Page, alice: User, axe: str, arguments: dict[str, list[Any]]) -> None:  # noqa: F811
    User.objects.filter(pk=alice.pk).update(language="ar")
    alices.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found = judged(alices, axe, OPEN_TO_ALICE, arguments, wrong_at_a_desk)
    assert len(found) > 20
    assert faulty(found) == {}
    assert alices.locator("html").get_attribute("dir") == "rtl"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_the_administration(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    axe: str,
    dora: User,
    language: str,
    arguments: dict[str, list[Any]],  # noqa: F811
) -> None:
    """Django's own pages, of which the colours are ours, and our own among them."""
    User.objects.filter(pk=dora.pk).update(language=language)
    signed_in(context, live_server, dora)
    names = [name for name, row in TABLE.items() if row.administrator == 200 and name.startswith(("admin:", "site"))]
    found = judged(page, axe, names, arguments, wrong_in_both_themes if language == "en" else wrong_at_a_desk)
    assert len(found) > 20
    assert faulty(found) == {}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_a_stranger(page: Page, axe: str, language: str, arguments: dict[str, list[Any]]) -> None:  # noqa: F811
    page.set_extra_http_headers({"Accept-Language": language})
    for name in ("accounts:sign-in", "accounts:forgotten", "accounts:invitation", "diagnosis:verify-form"):
        assert opened(page, name, arguments)
        assert page.locator("html").get_attribute("lang") == language
        assert wrong_in_both_themes(page, axe) == [], name
