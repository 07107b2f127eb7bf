"""The main job with nothing replaced: sign in, upload a real radiograph, read the shipped model's answer."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from diagnosis.inference.artifacts import Artifact
from diagnosis.models import Diagnosis
from tests.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alice")]


def test_a_real_radiograph_is_answered(page: Page, served_model: Artifact, dicom_samples: Path) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Chest radiographs", exact=True).set_input_files(dicom_samples / "RG1_UNCR.dcm")
    page.get_by_role("button", name="Classify").click()
    page.wait_for_url("**/results/*-*/")
    diagnosis = Diagnosis.objects.get()
    assert diagnosis.model_version.version == served_model.version
    assert diagnosis.model_version.weights_sha256 == served_model.weights_sha256
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(diagnosis.get_prediction_display()))
    heat_map = page.locator("[data-map]").first
    expect(heat_map).to_be_visible()
    assert heat_map.evaluate("image => image.naturalWidth") > 0
    page.get_by_label("Heat map").uncheck()
    expect(heat_map).to_be_hidden()
