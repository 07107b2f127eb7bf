"""The main job with nothing replaced: sign in, upload a real radiograph, read the shipped model's answer."""

import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from diagnosis.inference.artifacts import Artifact
from diagnosis.models import Diagnosis
from tests.cast import PASSWORD
from tests.chests import as_png, chest_pixels

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice")]


def test_a_real_radiograph_is_answered(page: Page, served_model: Artifact, dicom_samples: Path) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Chest radiographs", exact=True).set_input_files(dicom_samples / "RG1_UNCR.dcm")
    page.get_by_role("button", name="Classify").click()
    page.wait_for_url("**/results/*-*/", timeout=60_000)
    diagnosis = Diagnosis.objects.get()
    assert diagnosis.model_version.version == served_model.version
    assert diagnosis.model_version.weights_sha256 == served_model.weights_sha256
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(diagnosis.get_prediction_display()))
    heat_map = page.locator("[data-map]").first
    expect(heat_map).to_be_hidden()  # below the operating point
    page.get_by_role("switch", name="Heat map").check()
    expect(heat_map).to_be_visible()
    assert heat_map.evaluate("image => image.naturalWidth") > 0


def flower() -> bytes:
    from sklearn.datasets import load_sample_image

    return as_png(np.asarray(Image.fromarray(load_sample_image("flower.jpg")).convert("L")))


def sent(page: Page, name: str, content: bytes) -> Locator:
    """Sign in, send a file from the upload page, and give its row."""
    page.goto("/upload/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    file: FilePayload = {"name": name, "mimeType": "image/png", "buffer": content}
    page.get_by_label("Chest radiographs", exact=True).set_input_files(file)
    page.get_by_role("button", name="Classify").click()
    return page.locator(".upload-row").first


@pytest.mark.parametrize("name", ["flower", "leg", "slice"])
def test_what_is_no_chest_gets_a_reason(page: Page, served_model: Artifact, dicom_samples: Path, name: str) -> None:
    files = {"leg": "RG3_UNCR.dcm", "slice": "693_UNCR.dcm"}
    if name == "flower":
        content = flower()
    else:  # the pixels alone: the tags of the files say what they are
        dataset = pydicom.dcmread(dicom_samples / files[name])
        values = dataset.pixel_array.astype(float)
        low, high = np.percentile(values, (1, 99))
        content = as_png(np.clip((values - low) / (high - low) * 255, 0, 255).astype(np.uint8))
    row = sent(page, f"{name}.png", content)
    expect(row).to_have_attribute("data-outcome", "refused", timeout=60_000)
    expect(row.locator("[data-text]")).not_to_be_empty()
    assert Diagnosis.objects.count() == 0


def test_a_turned_chest_is_put_upright_by_one_click(page: Page, served_model: Artifact) -> None:
    row = sent(page, "turned.png", as_png(np.rot90(chest_pixels())))
    expect(row).to_have_attribute("data-outcome", "refused", timeout=60_000)
    row.get_by_role("button", name="Turn it").click()
    page.wait_for_url("**/results/*-*/", timeout=60_000)
    assert Diagnosis.objects.get().study.correction == "turn-90"


def test_lungs_are_outlined_on_demand(page: Page, served_model: Artifact, dicom_samples: Path) -> None:
    sent(page, "chest.dcm", (dicom_samples / "RG1_UNCR.dcm").read_bytes())
    page.wait_for_url("**/results/*-*/", timeout=60_000)
    outlines = page.locator("[data-lungs]")
    expect(outlines).to_be_hidden()
    page.get_by_role("button", name="Adjust").click()
    page.get_by_label("Lung outlines").check()
    expect(outlines).to_be_visible()
    assert outlines.locator("polygon").count() == 2
    page.get_by_role("switch", name="Heat map").check()
    page.get_by_label("Map", exact=True).select_option("covid")
    expect(page.locator('[data-map="covid"]')).to_be_visible()
    expect(page.locator('[data-map="opacities"]')).to_be_hidden()
