"""Window and level, turning, ruler and magnifier of the viewer in a real browser."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.uploads.services import diagnosis_create
from tests.browser.test_viewer import (  # noqa: F401 - some are fixtures
    STAGE,
    diagnosis,
    greys,
    middle_of,
    opened,
    place_of,
    settled,
    tool,
    viewer,
)
from tests.uploads import radiograph_dicom

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]


@pytest.fixture
def film(alice: User, dicom_samples: Path) -> Diagnosis:
    """A radiograph of 15 bits, of which the first window shows all."""
    tags = {"WindowCenter": "15000\\6000", "WindowWidth": "30000\\4000", "ImagerPixelSpacing": "0.2\\0.2"}
    content = radiograph_dicom(dicom_samples, **tags)
    return diagnosis_create(user=alice, content=content, file_name="film.dcm").diagnosis


def windowed(page: Page, key: str) -> np.ndarray:
    """The picture as a window shows it; it has settled once its samples are drawn."""
    page.locator("[data-base]").select_option(key)
    expect(page.get_by_text("The window works on the file’s own values.")).to_be_visible()
    page.wait_for_function("key => !document.querySelector('[data-canvas]').hidden || key === 'first'", arg=key)
    return greys(page)


def test_windows_work_on_the_files_own_values(page: Page, film: Diagnosis) -> None:
    """What the first window shows as one grey, a narrow one of the file shows in many: 8 bits could not."""
    opened(page, film.get_absolute_url())
    page.get_by_label("Heat map", exact=True).uncheck()
    first = greys(page)
    assert page.locator("[data-canvas]").is_hidden()
    tool(page, "Adjust").click()
    page.locator("[data-window-width]").fill("10")
    expect(page.locator("[data-canvas]")).to_be_visible()
    page.locator("[data-window-width]").fill("0")
    assert np.abs(greys(page) - first).mean() < 2
    narrow = windowed(page, "file-1")
    assert narrow.std() > 2 * first.std()
    assert windowed(page, "bone").mean() < first.mean() < windowed(page, "lung").mean()
    assert page.locator("[data-base] option").all_inner_texts()[1] == "Window 2 of the file"


def test_dragging_and_keys_change_the_window(page: Page, film: Diagnosis) -> None:
    opened(page, film.get_absolute_url())
    page.get_by_label("Heat map", exact=True).uncheck()
    before = greys(page)
    tool(page, "Window/level").click()
    x, y = middle_of(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 75, y - 40)
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"Level \d+, width 21213\."))).to_be_visible()
    after = greys(page)
    assert after.mean() > before.mean() + 10
    assert place_of(page) == pytest.approx((1, 0, 0), abs=1e-6)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-window-now]")).to_contain_text("width 21213")
    assert greys(page).mean() < after.mean()
    tool(page, "Reset").click()
    expect(page.locator("[data-canvas]")).to_be_hidden()
    expect(tool(page, "Window/level")).to_have_attribute("aria-pressed", "false")
    page.get_by_label("Heat map", exact=True).uncheck()
    assert np.abs(greys(page) - before).mean() < 1


def test_without_samples_the_shown_picture_is_windowed(viewer: Page) -> None:  # noqa: F811
    page = viewer
    page.route("**/samples", lambda route: route.fulfill(status=503))
    page.get_by_label("Heat map", exact=True).uncheck()
    before = greys(page)
    page.locator(STAGE).focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.get_by_text("the window works on the 256 levels of the shown picture")).to_be_visible()
    expect(page.locator("[data-canvas]")).to_be_visible()
    assert greys(page).std() > before.std() * 1.02


def test_everything_turns_with_the_picture(page: Page, film: Diagnosis) -> None:
    opened(page, film.get_absolute_url())
    page.get_by_label("Heat map", exact=True).uncheck()
    before = greys_of_stage(page)
    page.locator(STAGE).focus()
    page.keyboard.press("x")
    expect(page.get_by_text("Mirrored: left and right are exchanged")).to_be_visible()
    mirrored = greys_of_stage(page)
    middle = slice(80, -60)
    assert np.abs(mirrored[middle] - before[middle, ::-1]).mean() < 3
    page.keyboard.press("x")
    page.get_by_label("Heat map", exact=True).check()
    page.keyboard.press("t")
    picture, heat = (page.locator(f"[data-{name}]").first.bounding_box() for name in ("image", "map"))
    assert picture
    assert picture == heat
    stage = page.locator(STAGE).bounding_box()
    assert stage
    assert picture["width"] == pytest.approx(stage["width"], abs=1)
    assert picture["height"] == pytest.approx(stage["height"], abs=1)
    page.keyboard.press("Shift+t")
    page.get_by_label("Heat map", exact=True).uncheck()
    assert np.abs(greys_of_stage(page)[middle] - before[middle]).mean() < 1


def greys_of_stage(page: Page) -> np.ndarray:
    settled(page)
    with Image.open(io.BytesIO(page.locator(STAGE).first.screenshot())) as picture:
        return np.asarray(picture.convert("L"), np.float64)


def test_the_ruler_says_what_it_counts(page: Page, film: Diagnosis) -> None:
    """1,841 pixels of 0.2 mm: the first line is half of that, turned or not; keys move its end."""
    opened(page, film.get_absolute_url())
    page.locator(STAGE).focus()
    page.keyboard.press("d")
    measured = page.locator("[data-ruler-panel] output")
    expect(measured).to_have_text("184.1 mm")
    expect(page.get_by_text("Imager Pixel Spacing, at the detector")).to_be_visible()
    page.keyboard.press("t")
    page.keyboard.press("ArrowDown")
    expect(measured).to_have_text("187.8 mm")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowDown")
    expect(measured).to_have_text("187.6 mm")
    box = page.locator(STAGE).bounding_box()
    assert box
    x, y = middle_of(page)
    page.mouse.move(x - 50, y)
    page.mouse.down()
    page.mouse.move(x + 50, y)
    page.mouse.up()
    pixels = 100 / min(box["width"] / 1955, box["height"] / 1841)
    expect(measured).to_have_text(f"{pixels * 0.2:.1f} mm")


def test_the_ruler_counts_pixels_without_a_spacing(viewer: Page) -> None:  # noqa: F811
    viewer.locator(STAGE).focus()
    viewer.keyboard.press("d")
    expect(viewer.locator("[data-ruler-panel] output")).to_have_text("160 pixels")
    expect(viewer.get_by_text("The file gives no pixel spacing")).to_be_visible()


def test_the_magnifier_shows_what_is_below_it(page: Page, film: Diagnosis) -> None:
    opened(page, film.get_absolute_url())
    page.locator(STAGE).focus()
    page.keyboard.press("m")
    lens = page.locator("[data-lens]")
    expect(lens).to_be_visible()
    read = "lens => [...lens.getContext('2d').getImageData(110, 110, 1, 1).data.slice(0, 3)]"
    first = lens.evaluate(read)
    page.keyboard.press("i")
    settled(page)
    assert lens.evaluate(read)[0] == pytest.approx(255 - first[0], abs=2)
    before = lens.bounding_box()
    page.keyboard.press("ArrowLeft")
    after = lens.bounding_box()
    assert before
    assert after
    assert after["x"] == pytest.approx(before["x"] - 20, abs=1)
