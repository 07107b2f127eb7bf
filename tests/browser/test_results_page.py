"""The list of results in a real browser: search, filter, tick, export; by keyboard, on a phone, without scripts."""

import csv
from pathlib import Path

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.imaging.rendering import heat_map_to_png, thumbnail_jpeg
from diagnosis.models import Diagnosis, Study
from tests.cast import client_of
from tests.rows import stored_result

pytestmark = pytest.mark.browser

PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1366, height=800)


@pytest.fixture(autouse=True)
def results(transactional_db: None, alice: User, bob: User) -> None:
    stored_result(alice, file_name="IMG_1.dcm", patient_id="P-1", patient_name="Nowak Anna", probability=0.9)
    stored_result(bob, file_name="IMG_2.dcm", patient_id="P-2", patient_name="Đặng Minh", probability=0.25)
    long = "a_name_without_a_single_place_to_break_it_" * 2
    stored_result(alice, file_name=long, patient_name="x" * 300, prediction="Indeterminate", probability=0.001)
    picture = default_storage.save("sample.jpg", ContentFile(thumbnail_jpeg(np.full((64, 64), 90, dtype=np.uint8))))
    Study.objects.update(thumbnail=picture, display=picture)
    grid = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)
    Diagnosis.objects.update(heat_map=heat_map_to_png(grid))


def signed_in(context: BrowserContext, server: LiveServer, user: User) -> None:
    session = client_of(user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])


@pytest.fixture
def list_page(page: Page, context: BrowserContext, live_server: LiveServer, alice: User) -> Page:
    signed_in(context, live_server, alice)
    page.goto("/results/")
    return page


def files(page: Page) -> list[str]:
    return page.locator(".list-file").all_inner_texts()


def exported(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["file_name"] for row in csv.DictReader(file)]


def test_search_filter_order_and_a_kept_address(list_page: Page, bob: User) -> None:
    page = list_page
    page.get_by_label("Search").fill("img")
    page.keyboard.press("Enter")
    page.wait_for_url("**/results/?q=img&sort=newest")
    assert files(page) == ["IMG_2.dcm", "IMG_1.dcm"]
    page.get_by_role("link", name="COVID probability").click()
    expect(page.get_by_role("columnheader", name="COVID probability")).to_have_attribute("aria-sort", "descending")
    assert files(page) == ["IMG_1.dcm", "IMG_2.dcm"]

    page.get_by_text("Filters and order").click()
    page.get_by_label("Radiographer").select_option(label="Bob")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(f"**by={bob.uuid}**")
    assert files(page) == ["IMG_2.dcm"]
    kept = page.url
    page.goto("/")
    page.goto(kept)
    assert files(page) == ["IMG_2.dcm"]
    page.get_by_role("link", name="Radiographer: Bob").click()
    expect(page.locator(".list-file")).to_have_count(2)
    page.get_by_role("link", name="Remove all").click()
    expect(page.locator(".list-file")).to_have_count(3)


def test_ticked_results_are_exported(list_page: Page, tmp_path: Path) -> None:
    page = list_page
    button = page.get_by_role("button", name="Export selected")
    expect(button).to_be_disabled()
    page.get_by_role("checkbox", name="Select", exact=True).nth(1).check()
    expect(button).to_have_text("Export selected (1)")
    expect(page.get_by_label("Select this page")).to_have_js_property("indeterminate", True)
    with page.expect_download() as download:
        button.click()
    download.value.save_as(tmp_path / "one.csv")
    assert exported(tmp_path / "one.csv") == ["IMG_2.dcm"]

    page.get_by_label("Select this page").check()
    expect(button).to_have_text("Export selected (3)")
    page.get_by_label("Select this page").uncheck()
    expect(button).to_be_disabled()


def test_all_that_match_are_exported(list_page: Page, tmp_path: Path) -> None:
    page = list_page
    page.goto("/results/?q=img&sort=lowest")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export all that match").click()
    download.value.save_as(tmp_path / "all.csv")
    assert exported(tmp_path / "all.csv") == ["IMG_2.dcm", "IMG_1.dcm"]


def test_a_row_but_not_its_box_is_a_link(list_page: Page) -> None:
    page = list_page
    page.locator(".list-select").nth(1).get_by_role("checkbox").click()
    assert page.url.endswith("/results/")
    page.locator(".list-when").nth(1).click(force=True)  # the link lies over the whole row
    page.wait_for_url("**/results/*-*/?list=**")
    expect(page.get_by_text("P-2").first).to_be_visible()


def test_the_name_of_a_patient_leads_to_the_patient(list_page: Page) -> None:
    page = list_page
    page.get_by_role("link", name="Nowak Anna P-1").click()
    page.wait_for_url("**/patients/*-*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nowak Anna")


def test_filters_of_reviews_notes_and_voided(list_page: Page, alice: User) -> None:
    """Reviews notes and voided uploads are filtered where the form is."""
    page = list_page
    stored_result(alice, file_name="reviewed", review="disagrees", outcome="negative", notes="Dry cough for a week.")
    stored_result(alice, file_name="wrong", is_voided=True)
    page.get_by_text("Filters and order").click()
    page.get_by_label("Review", exact=True).select_option(label="Disagrees")
    page.get_by_label("RT-PCR").select_option(label="RT-PCR negative")
    page.get_by_label("Words in the notes").fill("cough")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**notes=cough**")
    assert files(page) == ["reviewed"]
    expect(page.locator(".list-review")).to_contain_text("Disagrees")
    expect(page.locator(".list-review")).to_contain_text("RT-PCR negative")
    page.goto("/results/")
    page.get_by_text("Filters and order").click()
    page.get_by_label("Voided uploads").select_option(label="Only voided ones")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**voided=only**")
    assert files(page) == ["wrong"]
    expect(page.locator(".list-voided")).to_have_text("Voided")


def test_the_keyboard_reaches_box_link_and_filter(list_page: Page) -> None:
    page = list_page
    page.get_by_text("Filters and order").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Answer")).to_be_visible()
    page.get_by_role("checkbox", name="Select", exact=True).first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Export selected (1)")).to_be_enabled()
    page.keyboard.press("Tab")
    expect(page.locator(".list-name a").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".list-file").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/results/*-*/?list=**")


@pytest.mark.parametrize("window", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("query", ["", "?q=img&low=1&sort=highest", "?since=x", "?q=nobody"])
def test_nothing_scrolls_sideways(list_page: Page, window: ViewportSize, query: str) -> None:
    """Nothing needs scrolling sideways and the table stays one."""
    page = list_page
    page.set_viewport_size(window)
    page.goto(f"/results/{query}")
    assert page.evaluate("document.documentElement.scrollWidth") <= window["width"]
    if page.locator(".list").count():
        assert page.get_by_role("row").count() == len(files(page)) + 1
        assert page.get_by_role("cell").count() >= 7 * len(files(page))


def test_a_filter_error_is_next_to_its_field(list_page: Page) -> None:
    page = list_page
    page.goto("/results/?low=400")
    field = page.get_by_label("Probability from (%)")
    expect(field).to_be_visible()
    expect(field).to_have_accessible_description("Enter a number from 0 to 100.")
    expect(page.locator(".list-file")).to_have_count(0)


def test_it_works_without_scripts(browser: Browser, live_server: LiveServer, alice: User) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    signed_in(context, live_server, alice)
    page = context.new_page()
    page.goto("/results/")
    page.get_by_role("button", name="Export selected").click()
    expect(page.get_by_text("Nothing was selected.")).to_be_visible()
    page.get_by_label("Search").fill("nowak")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".list-file")).to_have_text(["IMG_1.dcm"])
    page.get_by_role("checkbox", name="Select", exact=True).check()
    with page.expect_download():
        page.get_by_role("button", name="Export selected").click()
    context.close()


LINES = (
    "element => Math.round(element.getBoundingClientRect().height / parseFloat(getComputedStyle(element).lineHeight))"
)


def test_a_narrow_column_breaks_no_word(list_page: Page, alice: User) -> None:
    """A narrow column breaks no word and a long name hides no reference."""
    page = list_page
    User.objects.filter(pk=alice.pk).update(first_name="", last_name="", username="radiographer")
    stored_result(alice, file_name="long", patient_id="K-77", patient_name="Mohammad-Abdullah " * 15)
    for width in (1024, 1280, 1440):
        page.set_viewport_size(ViewportSize(width=width, height=900))
        page.goto("/results/")
        who = page.locator(".list-who bdi").filter(has_text="radiographer").first
        assert len(who.evaluate("element => Array.from(element.getClientRects())")) == 1, width
        row = page.get_by_role("row").filter(has_text="K-77")
        assert row.locator(".list-name").evaluate(LINES) <= 3, width
        expect(row.get_by_text("K-77")).to_be_in_viewport()


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1280])
def test_the_head_breaks_no_name_whatever_the_width(list_page: Page, alice: User, width: int) -> None:
    page = list_page
    User.objects.filter(pk=alice.pk).update(first_name="Bartholomew", last_name="Featherstone")
    page.set_viewport_size(ViewportSize(width=width, height=740))
    page.goto("/results/")
    rows = "element => element.getClientRects().length * Math.round(element.offsetHeight / 18)"
    assert page.locator(".site-person-name > bdi").evaluate(rows) == 1
    assert page.locator(".site-person-name small bdi").evaluate(rows) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
