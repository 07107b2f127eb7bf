"""The page of the API's documentation, in a real browser under the site's own policy (fixture `page`)."""

import pytest
from playwright.sync_api import Page, Request, expect

from api.description import described, whole_schema
from tests.browser.test_first_page import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]


def test_every_address_and_object_is_there(page: Page) -> None:
    """Every address and object is there and every link leads to one."""
    sign_in(page)
    page.goto("/api/docs/")
    api = described(whole_schema())
    for operation in api.operations:
        expect(page.get_by_role("heading", name=f"{operation.method} {operation.path}", exact=True)).to_have_count(1)
    for each in api.objects:
        expect(page.get_by_role("heading", name=each.name, exact=True)).to_have_count(1)
    targets = page.eval_on_selector_all("main a[href^='#']", "links => links.map(link => link.hash.slice(1))")
    ids = page.eval_on_selector_all("main [id]", "parts => parts.map(part => part.id)")
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids))


def test_it_needs_no_script(page: Page) -> None:
    sign_in(page)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.resource_type)

    page.on("request", note)
    page.goto("/api/docs/")
    assert page.locator("main script, [style]").count() == 0
    assert not {"fetch", "xhr", "font", "websocket"} & set(asked)
