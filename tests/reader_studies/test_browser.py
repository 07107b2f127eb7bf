"""A reader study in a real browser, from making it to its results: Alice leads, Bob, Rita and Sam read."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from reader_studies.models import Reader, Reading
from tests.browser.axe import judge
from tests.browser.conftest import axe  # noqa: F401 - a fixture
from tests.browser.test_results_page import signed_in
from tests.cast import person
from tests.outcomes import set_outcome
from tests.reader_studies.studies import read_all, right
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]

OF_EACH = 10


@pytest.fixture
def readers(alice: User, bob: User) -> list[User]:
    """Three readers, and twenty radiographs with an RT-PCR result."""
    for number in range(2 * OF_EACH):
        row = diagnosed(alice, number, name=f"chest-{number}.png")
        set_outcome(row, "positive" if number % 2 else "negative")
    return [bob, *(person(name, alice.institution, is_radiographer=True) for name in ("rita", "sam"))]


def make(page: Page) -> None:
    """From the list to an open reader study, as its leader."""
    page.goto("/")
    page.get_by_role("link", name="Reader studies").click()
    page.get_by_role("link", name="New reader study").click()
    page.get_by_label("Name").fill("Does the answer help us?")
    page.get_by_label("Days between the two sessions").fill("0")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_role("link", name="Choose the cases").click()
    expect(page.get_by_text("10 RT-PCR positive, 10 negative, 0 without")).to_be_visible()


def draw_and_open(page: Page) -> None:
    page.get_by_role("button", name="Draw and keep them").click()
    expect(page.get_by_text("20 cases were chosen.")).to_be_visible()
    for name in ("Bob", "Rita", "Sam"):
        page.get_by_label(name).check()
    page.get_by_role("button", name="Save the readers").click()


def begin(page: Page) -> None:
    """As a reader: find it, agree to the embargo, see the first case."""
    page.goto("/reader-studies/")
    page.get_by_role("link", name="Does the answer help us?").click()
    page.get_by_role("button", name="Take part and begin").click()
    expect(page.get_by_text("1 of 20, session 1 of 2")).to_be_visible()


def read_with_keys(page: Page, *keys: str) -> None:
    """The focus is in the form when the page has loaded."""
    expect(page.locator("[data-case] input:focus")).to_have_count(1)
    for key in keys:
        page.keyboard.press(key)


def test_three_readers_from_draft_to_results(
    page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    alice: User,
    readers: list[User],
    axe: str,  # noqa: F811
) -> None:
    signed_in(context, live_server, alice)
    make(page)
    judge(page, axe)
    draw_and_open(page)
    judge(page, axe)
    page.get_by_role("button", name="Open the reader study").click()
    expect(page.get_by_text("Not begun").first).to_be_visible()
    for number, user in enumerate(readers):
        signed_in(context, live_server, user)
        begin(page)
        read_with_keys(page, "l", "4", "Enter")
        expect(page.get_by_text("2 of 20, session 1 of 2")).to_be_visible()
        read_with_keys(page, "u", "5", "Enter")
        expect(page.get_by_text("This contradicts your conclusion. Change one of the two.")).to_be_visible()
        if number == 0:
            judge(page, axe)
        read_with_keys(page, "2", "Enter")
        expect(page.get_by_text("3 of 20, session 1 of 2")).to_be_visible()
        read_all(Reader.objects.get(person=user), right)
        page.reload()
        expect(page.get_by_text("You have read every case. Thank you.")).to_be_visible()
    first = Reading.objects.filter(session=1, place__lte=2).order_by("reader", "place")
    assert list(first.values_list("conclusion", "suspicion")) == [("likely", 4), ("unlikely", 2)] * 3
    signed_in(context, live_server, alice)
    page.reload()
    expect(page.get_by_text("40 of 40")).to_have_count(3)
    page.get_by_role("button", name="Close and show the results").click()
    page.get_by_role("link", name="Results", exact=True).last.click()
    expect(page.get_by_role("img", name="Without the model's answer")).to_be_visible()
    expect(page.get_by_text("All readers (Fleiss)").first).to_be_visible()
    judge(page, axe)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export the readings").click()
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == 1 + 20 + 3 * 40
