"""A radiographer's first minutes in a real browser. The fixture `page` fails on a script error or policy violation."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.models import Diagnosis
from tests.cast import PASSWORD
from tests.uploads import radiograph_png

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice", "engine")]

SMALLEST = ViewportSize(width=360, height=740)
LARGEST = ViewportSize(width=2560, height=1300)


@pytest.fixture
def signed_in(page: Page) -> Page:
    """A tab in which Alice has just signed in."""
    sign_in(page)
    return page


def sign_in(page: Page, name: str = "Alice") -> None:
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def chosen(content: bytes, name: str = "chest.png") -> FilePayload:
    return FilePayload(name=name, mimeType="image/png", buffer=content)


def upload(page: Page, content: bytes, name: str = "chest.png") -> None:
    page.goto("/upload/")
    page.get_by_label("Chest radiograph").set_input_files(chosen(content, name))
    page.get_by_role("button", name="Classify").click()


def picture_of(page: Page) -> bytes:
    return page.locator(".viewer-stage").first.screenshot()


def opacity_of(page: Page) -> str:
    return page.locator("[data-map]").evaluate("image => getComputedStyle(image).opacity")


def test_from_sign_in_to_sign_out(page: Page, dicom_samples: Path) -> None:
    sign_in(page)
    page.get_by_label("Chest radiographs", exact=True).set_input_files(dicom_samples / "RG1_UNCR.dcm")
    expect(page.locator("[data-chosen]")).to_contain_text("RG1_UNCR.dcm")
    page.get_by_role("button", name="Classify").click()
    page.wait_for_url("**/results/*-*/")
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()
    expect(page.get_by_text("COVID probability 31\N{NO-BREAK SPACE}%")).to_be_visible()
    for image in page.locator(".viewer-stage img").all():
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

    page.get_by_role("link", name="Results").click()
    page.get_by_role("link", name="RG1_UNCR.dcm").click()
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_heat_map_is_switched_and_faded(signed_in: Page) -> None:
    """The heat map is switched and faded by mouse and keyboard."""
    page = signed_in
    upload(page, radiograph_png())
    switch, strength = page.get_by_label("Heat map", exact=True), page.get_by_label("Heat map strength")
    page.get_by_role("button", name="Adjust").click()
    page.wait_for_load_state("networkidle")
    with_heat = picture_of(page)
    switch.uncheck()
    expect(page.locator("[data-map]")).to_be_hidden()
    expect(strength).to_be_disabled()
    assert picture_of(page) != with_heat

    switch.focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-map]")).to_be_visible()
    assert opacity_of(page) == "0.5"
    strength.focus()
    page.keyboard.press("ArrowRight")
    assert opacity_of(page) == "0.55"
    expect(page.get_by_text("55 %")).to_be_visible()
    page.keyboard.press("End")
    assert opacity_of(page) == "1"
    page.keyboard.press("Home")
    assert opacity_of(page) == "0"


def test_a_second_click_is_not_taken(signed_in: Page) -> None:
    """The browser answers no question while it waits for the next page, so the page itself notes how it looked."""
    page = signed_in
    page.goto("/upload/")
    page.get_by_label("Chest radiograph").set_input_files(chosen(radiograph_png()))
    page.evaluate(
        """() => document.querySelector("[data-upload]").addEventListener("submit", () => {
            const button = document.querySelector("[data-submit]");
            sessionStorage.seen = `${button.innerText.trim()} ${button.disabled}`;
        })"""
    )
    page.get_by_role("button", name="Classify").click()
    page.wait_for_url("**/results/*-*/")
    assert page.evaluate("sessionStorage.seen") == "Classifying… true"
    page.go_back()
    expect(page.get_by_role("button", name="Classify")).to_be_enabled()


def test_a_file_is_dropped(signed_in: Page) -> None:
    page = signed_in
    page.goto("/upload/")
    dropped = page.evaluate_handle(
        """bytes => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
            return transfer;
        }""",
        list(radiograph_png()),
    )
    page.dispatch_event("[data-dropzone]", "drop", {"dataTransfer": dropped})
    expect(page.locator("[data-chosen]")).to_contain_text("dropped.png")
    page.get_by_role("button", name="Classify").click()
    page.wait_for_url("**/results/*-*/")
    expect(page.get_by_text("dropped.png")).to_be_visible()


def test_a_refused_file_is_explained(signed_in: Page) -> None:
    page = signed_in
    upload(page, b"a letter", "letter.png")
    row = page.get_by_role("listitem").filter(has_text="letter.png")
    expect(row).to_contain_text("not a JPEG, PNG or DICOM picture")
    expect(page.get_by_role("status").filter(has_text="Not classified: 1")).to_be_visible()
    upload(page, radiograph_png())
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()


def test_a_file_that_is_too_large_is_not_even_sent(signed_in: Page, tmp_path: Path) -> None:
    page, large = signed_in, tmp_path / "large.dcm"
    with large.open("wb") as file:
        file.truncate(51 * 1024**2)
    page.goto("/upload/")
    page.get_by_label("Chest radiograph").set_input_files(large)
    expect(page.locator("[data-chosen]")).to_contain_text("larger than 50 MB")
    page.get_by_role("button", name="Classify").click()
    assert page.url.endswith("/upload/")
    assert not Diagnosis.objects.exists()


def test_a_name_full_of_html_stays_a_name(signed_in: Page) -> None:
    page = signed_in
    name = "<img src=x onerror=document.body.dataset.broken=1>.png"
    upload(page, radiograph_png(), name)
    page.wait_for_url("**/results/*-*/")
    expect(page.get_by_text(name)).to_be_visible()
    for address in ("/", "/results/"):
        page.goto(address)
        expect(page.get_by_text(name).first).to_be_visible()
        assert page.evaluate("document.body.dataset.broken") is None


def test_the_keyboard_skips_to_the_content(signed_in: Page) -> None:
    page = signed_in
    page.goto("/results/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("window", [SMALLEST, LARGEST], ids=["phone", "wall"])
def test_no_page_needs_scrolling_sideways(signed_in: Page, window: ViewportSize) -> None:
    page = signed_in
    page.set_viewport_size(window)
    upload(page, radiograph_png(), "a_name_without_a_single_place_to_break_it_" * 3 + ".png")
    page.wait_for_url("**/results/*-*/")
    for address in (page.url, "/", "/upload/", "/results/", "/nothing-here"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], address


def test_the_administration_keeps_to_the_policy(page: Page, dora: User) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("dora")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Users").first.click()
    page.get_by_role("link", name="alice").click()
    expect(page.get_by_label("Radiographer", exact=True)).to_be_checked()


@pytest.fixture
def without_scripts(browser: Browser, live_server: LiveServer) -> BrowserContext:
    return browser.new_context(base_url=live_server.url, java_script_enabled=False)


def test_everything_works_without_scripts(without_scripts: BrowserContext) -> None:
    page = without_scripts.new_page()
    sign_in(page)
    upload(page, radiograph_png())
    page.wait_for_url("**/results/*-*/")
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()
    expect(page.get_by_alt_text("Heat map over the radiograph").last).to_be_visible()
    assert page.locator(".viewer-stage").count() == 2
    expect(page.locator("[data-controls]")).to_be_hidden()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    without_scripts.close()
