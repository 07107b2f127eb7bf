"""The viewer in a real browser. The fixture `page` fails on a script error or policy violation."""

import io
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.models import Diagnosis, Patient, Study
from diagnosis.uploads.services import diagnosis_create
from tests.browser.axe import judge
from tests.browser.test_first_page import sign_in
from tests.uploads import diagnosed, radiograph_png

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]

STAGE = "[data-stage]"


@pytest.fixture
def diagnosis(alice: User) -> Diagnosis:
    return diagnosed(alice)


@pytest.fixture
def compared(diagnosis: Diagnosis, alice: User) -> str:
    """The address of a result with an earlier radiograph of the same patient to compare with."""
    earlier = diagnosed(alice, seed=9, name="earlier.png")
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, name="Curie")
    Study.objects.update(patient=patient, study_date=date(2026, 3, 1))
    return f"{diagnosis.get_absolute_url()}?beside={earlier.study.uuid}"


def opened(page: Page, address: str) -> Page:
    sign_in(page)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return page


@pytest.fixture
def viewer(page: Page, diagnosis: Diagnosis) -> Page:
    return opened(page, diagnosis.get_absolute_url())


def tool(page: Page, name: str) -> Locator:
    return page.locator("[data-controls]").get_by_role("button", name=name, exact=True)


def place_of(page: Page, pane: int = 0) -> tuple[float, float, float]:
    """How large the picture is drawn, and how far from the middle, in pixels of the screen."""
    settled(page)
    values = page.locator("[data-layer]").nth(pane).evaluate("layer => getComputedStyle(layer).transform")
    numbers = [float(part) for part in re.findall(r"-?[\d.e+-]+", values)] or [1, 0, 0, 1, 0, 0]
    return numbers[0], numbers[4], numbers[5]


def settled(page: Page) -> None:
    """Wait until the picture has been drawn where the script put it."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def is_inverted(page: Page, pane: int = 0) -> bool:
    return filter_of(page, pane) == "invert(1)"


def filter_of(page: Page, pane: int = 0) -> str:
    return page.locator("[data-image]").nth(pane).evaluate("image => getComputedStyle(image).filter")


def greys(page: Page) -> np.ndarray:
    """The middle of the stage as the screen shows it."""
    settled(page)
    with Image.open(io.BytesIO(page.locator(STAGE).first.screenshot())) as picture:
        pixels = np.asarray(picture.convert("L"), np.float64)
    height, width = pixels.shape
    return pixels[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]


def middle_of(page: Page) -> tuple[float, float]:
    box = page.locator(STAGE).first.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_zoom_keeps_the_picture_on_stage(viewer: Page) -> None:
    """Buttons wheel and keys zoom and the picture never leaves the stage."""
    page = viewer
    assert place_of(page)[0] == pytest.approx(1)
    tool(page, "Zoom in").click()
    assert place_of(page)[0] == pytest.approx(1.25)
    page.locator(STAGE).focus()
    page.keyboard.press("+")
    assert place_of(page)[0] == pytest.approx(1.25**2)
    page.mouse.move(*middle_of(page))
    page.mouse.wheel(0, -100)
    assert place_of(page)[0] == pytest.approx(1.25**3, rel=0.01)

    page.mouse.down()
    page.mouse.move(3000, 3000)
    page.mouse.up()
    scale, right, down = place_of(page)
    box = page.locator(STAGE).bounding_box()
    assert box
    assert right == pytest.approx(box["width"] * (scale - 1) / 2, abs=1)
    assert down == pytest.approx(box["height"] * (scale - 1) / 2, abs=1)

    page.keyboard.press("ArrowRight")
    assert place_of(page)[1] == pytest.approx(right - 60, abs=1)
    page.keyboard.press("0")
    assert place_of(page) == pytest.approx((1, 0, 0), abs=1e-6)


def test_one_to_one_shows_a_pixel_for_a_pixel(viewer: Page) -> None:
    """The picture is smaller than its stage: at 1:1 it shrinks, and is in the middle."""
    page = viewer
    tool(page, "1:1, one screen pixel for each pixel").click()
    expect(page.locator("[data-zoom]")).to_have_text("100 %")
    box = page.locator("[data-image]").bounding_box()
    assert box
    assert min(box["width"] / 320, box["height"] / 256) == pytest.approx(1, abs=0.01)
    assert place_of(page)[1:] == pytest.approx((0, 0), abs=1e-6)
    tool(page, "Fit").click()
    assert place_of(page)[0] == pytest.approx(1)


def test_inverting_changes_white_for_black(viewer: Page) -> None:
    page = viewer
    page.get_by_label("Heat map", exact=True).uncheck()
    before = greys(page)
    tool(page, "Invert").click()
    expect(tool(page, "Invert")).to_have_attribute("aria-pressed", "true")
    assert np.abs(greys(page) + before - 255).mean() < 3


def test_the_keys_count_only_inside_the_viewer(viewer: Page) -> None:
    page = viewer
    page.get_by_role("link", name="Results").focus()
    for key in ("i", "h", "+", "w"):
        page.keyboard.press(key)
    assert not is_inverted(page)
    expect(page.locator("[data-map]")).to_be_visible()
    assert place_of(page)[0] == pytest.approx(1)

    tool(page, "Adjust").click()
    page.get_by_label("Heat map strength").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-map]").evaluate("image => getComputedStyle(image).opacity") == "0.55"
    page.keyboard.press("i")
    assert is_inverted(page)
    page.keyboard.press("h")
    expect(page.locator("[data-map]")).to_be_hidden()
    page.get_by_label("Window", exact=True).focus()
    page.keyboard.press("h")
    expect(page.locator("[data-map]")).to_be_hidden()


def test_every_tool_is_on_the_keyboard(viewer: Page) -> None:
    page = viewer
    page.locator(STAGE).focus()
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        if not page.evaluate("document.activeElement.closest('[data-viewer]') !== null"):
            break
        reached.append(page.evaluate("document.activeElement.dataset.action || document.activeElement.id"))
    assert {"zoom-in", "window", "panel", "turn", "ruler", "lens", "help", "heat-map-shown"} <= set(reached)
    assert page.evaluate("document.activeElement.closest('main') !== null")
    for button in page.locator("[data-controls] button[data-action]").all():
        assert button.evaluate("one => one.ariaLabel || one.innerText.trim()")


def test_the_list_of_keys_returns_the_focus(viewer: Page) -> None:
    page = viewer
    page.locator(STAGE).focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard and touch")).to_be_visible()
    page.keyboard.press("i")
    assert not is_inverted(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(STAGE)).to_be_focused()


def test_the_picture_gets_the_height(viewer: Page) -> None:
    """At 1366 × 768 three quarters of it, with the whole toolbar below; on a phone the answer comes first."""
    page = viewer
    page.set_viewport_size(ViewportSize(width=1366, height=768))
    stage, tools = (page.locator(part).bounding_box() for part in (STAGE, ".viewer-tools"))
    assert stage
    assert tools
    assert stage["height"] > 560
    assert tools["y"] + tools["height"] <= 768
    page.set_viewport_size(ViewportSize(width=360, height=740))
    answer, stage, pages = (page.locator(part).bounding_box() for part in (".answer", STAGE, ".site-navigation"))
    assert answer
    assert stage
    assert pages
    assert answer["y"] < stage["y"]
    assert pages["height"] < 60
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_full_screen_gives_the_picture_the_room(viewer: Page) -> None:
    page = viewer
    small = page.locator(STAGE).bounding_box()
    tool(page, "Full screen").click()
    expect(tool(page, "Full screen")).to_have_attribute("aria-pressed", "true")
    large = page.locator(STAGE).bounding_box()
    assert small
    assert large
    assert large["width"] > small["width"] * 1.5
    page.keyboard.press("f")
    expect(tool(page, "Full screen")).to_have_attribute("aria-pressed", "false")


@pytest.fixture
def large(alice: User) -> Diagnosis:
    content = radiograph_png(width=2600, height=2000)
    return diagnosis_create(user=alice, content=content, file_name="large.png").diagnosis


def test_zooming_in_loads_full_size(page: Page, large: Diagnosis) -> None:
    opened(page, large.get_absolute_url())
    shown = page.locator("[data-image]")
    assert shown.evaluate("image => image.naturalWidth") == 2048
    expect(page.get_by_text("Shown with 2048 × 1575 of its 2600 × 2000 pixels")).to_be_visible()
    tool(page, "1:1, one screen pixel for each pixel").click()
    expect(page.get_by_text("All 2600 × 2000 pixels of the file.")).to_be_visible()
    expect(page.locator("[data-zoom]")).to_have_text("100 %")
    assert page.locator("[data-image]").evaluate("image => image.naturalWidth") == 2600
    tool(page, "Invert").click()
    assert is_inverted(page)


def test_two_radiographs_move_together(page: Page, compared: str) -> None:
    opened(page, compared)
    assert page.locator(STAGE).count() == 2
    tops = {stage.bounding_box()["y"] for stage in page.locator(STAGE).all()}  # type: ignore[index]
    assert len(tops) == 1
    assert page.locator(".viewer-day").all_inner_texts()[0].count("uploaded at") == 1  # both are of one day
    page.locator(STAGE).first.focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert place_of(page, 0) == pytest.approx(place_of(page, 1), abs=1)
    assert place_of(page, 1)[0] == pytest.approx(1.25**2)
    page.keyboard.press("i")
    assert filter_of(page, 0) == filter_of(page, 1)

    tool(page, "Together").click()
    page.locator(STAGE).nth(1).focus()
    page.keyboard.press("0")
    page.keyboard.press("i")
    assert place_of(page, 1)[0] == pytest.approx(1)
    assert place_of(page, 0)[0] == pytest.approx(1.25**2)
    assert (is_inverted(page, 0), is_inverted(page, 1)) == (True, False)
    tool(page, "Together").click()
    assert place_of(page, 0)[0] == pytest.approx(1)

    page.get_by_role("link", name="Stop comparing").click()
    expect(page.locator(STAGE)).to_have_count(1)
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(STAGE)).to_have_count(2)


def test_fast_keys_all_count(page: Page, compared: str) -> None:
    opened(page, compared)
    page.locator(STAGE).first.focus()
    page.evaluate(
        """() => {
          for (const key of ["+", "+", "ArrowRight"])
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }"""
    )
    assert place_of(page, 0) == pytest.approx((1.25**2, -60, 0), abs=1)
    assert place_of(page, 1) == pytest.approx(place_of(page, 0), abs=1)


def test_comparing_and_blind_reading_have_no_fault(
    page: Page,
    axe: str,
    compared: str,
) -> None:
    opened(page, compared)
    judge(page, axe)
    tool(page, "Keyboard and touch").click()
    judge(page, axe)
    User.objects.update(reads_blind=True)
    page.goto(compared)
    expect(page.get_by_role("heading", name="Your reading")).to_be_visible()
    expect(page.get_by_label("Heat map")).to_have_count(0)
    judge(page, axe)
    tool(page, "Invert").click()
    page.keyboard.press("h")
    assert is_inverted(page)


@pytest.fixture
def tablet(browser: Browser, live_server: LiveServer) -> BrowserContext:
    return browser.new_context(base_url=live_server.url, has_touch=True, viewport={"width": 768, "height": 1024})


def test_two_fingers_zoom_on_a_tablet(tablet: BrowserContext, diagnosis: Diagnosis) -> None:
    page = opened(tablet.new_page(), diagnosis.get_absolute_url())
    page.locator(STAGE).scroll_into_view_if_needed()
    x, y = middle_of(page)
    fingers = tablet.new_cdp_session(page)
    for kind, reach in (("touchStart", 20), ("touchMove", 60), ("touchMove", 120), ("touchEnd", None)):
        points = [] if reach is None else [{"x": x - reach, "y": y, "id": 1}, {"x": x + reach, "y": y, "id": 2}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        settled(page)
    assert place_of(page)[0] > 1.5
    tablet.close()


def test_a_lost_picture_is_reported(page: Page, diagnosis: Diagnosis) -> None:
    Path(diagnosis.study.display.path).unlink()
    opened(page, diagnosis.get_absolute_url())
    expect(page.get_by_text("This picture is missing from the site's storage.")).to_be_visible()
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()


def test_side_by_side_without_scripts(browser: Browser, live_server: LiveServer, compared: str) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = opened(context.new_page(), compared)
    boxes = [image.bounding_box() for image in page.locator("[data-image]").all()]
    assert len(boxes) == 2
    assert all(box and box["width"] > 200 for box in boxes)
    expect(page.locator("[data-controls]")).to_be_hidden()
    context.close()
