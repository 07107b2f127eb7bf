"""The page of the API's documentation, in a real browser under the site's own policy (fixture `page`)."""

import pytest
from playwright.sync_api import Page, Request, expect

from accounts.api_tokens import token_create
from accounts.models import User
from api.schema import whole_schema
from tests.browser.test_first_page import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]


def test_every_address_is_shown(page: Page) -> None:
    sign_in(page)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.resource_type)

    page.on("request", note)
    page.goto("/api/docs/")
    operations = [(method, path) for path, methods in whole_schema()["paths"].items() for method in methods]
    expect(page.locator("#swagger-ui .opblock")).to_have_count(len(operations))
    shown = page.locator("#swagger-ui .opblock-summary").evaluate_all(
        "rows => rows.map(row => row.querySelector('.opblock-summary-method').textContent.toLowerCase()"
        " + ' ' + row.querySelector('[data-path]').dataset.path)"
    )
    assert shown == [f"{method} {path}" for method, path in operations]
    assert not {"fetch", "xhr", "font", "websocket"} & set(asked)


def test_an_address_is_tried_out(page: Page, alice: User) -> None:
    sign_in(page)
    page.goto("/api/docs/")
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.get_by_label("auth-bearer-value").fill(token_create(person=alice, has_second_factor=False)[0])
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()
    page.locator(".opblock-get .opblock-summary", has_text="/api/results/").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").last).to_have_text("200")
