"""A radiographer finds patients by what people type, assigns a study by name, merges two, and looks at the timeline."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from diagnosis.models import Patient, Study
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create
from tests.browser.axe import judge
from tests.browser.test_first_page import sign_in
from tests.uploads import diagnosed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]


def of_patient(user: User, seed: int, reference: str, name: str) -> Study:
    patient = patient_get_or_create(user=user, details=PatientDetails(reference, name))
    study = diagnosed(user, seed, name=f"chest-{seed}.png").study
    Study.objects.filter(pk=study.pk).update(patient=patient)
    return study


def test_find_merge_and_look_back(page: Page, alice: User, axe: str) -> None:
    of_patient(alice, 1, "CN-0064579", "Łukaszewicz Anna")
    of_patient(alice, 2, "CN-0064579", "")
    of_patient(alice, 3, "Q-2", "Lukaszewicz Anna Maria")
    sign_in(page)
    page.goto("/results/")
    page.get_by_role("searchbox", name="Search").fill("anna lukasz")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 results")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("64579")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 results")).to_be_visible()
    page.get_by_role("link", name="No RT-PCR yet").click()
    expect(page.get_by_role("link", name="RT-PCR: Unknown")).to_be_visible()
    judge(page, axe)
    page.goto("/patients/?q=maria")
    judge(page, axe)
    page.get_by_role("link", name="Lukaszewicz Anna Maria").click()
    page.get_by_role("link", name="Merge with another patient").click()
    page.get_by_role("searchbox", name="The other patient").fill("0064579")
    page.keyboard.press("Enter")
    other = page.get_by_role("link", name="CN-0064579")
    expect(other).to_be_visible()
    judge(page, axe)
    other.click()
    expect(page.get_by_label("I have checked")).to_be_visible()
    judge(page, axe)
    page.get_by_label("Łukaszewicz Anna CN-0064579").check()
    page.get_by_label("Reason").fill("One person, two cards")
    page.get_by_label("I have checked").check()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.locator(".timeline-mark")).to_have_count(3)
    page.get_by_text("As a table").click()
    judge(page, axe)
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_text("The merge has been undone.")).to_be_visible()
    assert Patient.objects.get(reference="Q-2").studies.count() == 1


def test_a_study_is_assigned_by_name(page: Page, alice: User, axe: str) -> None:
    patient_get_or_create(user=alice, details=PatientDetails(name="Đặng Minh"))
    study = diagnosed(alice).study
    sign_in(page)
    page.goto(f"/studies/{study.uuid}/move/")
    page.get_by_label("Patient reference or name").fill("minh dang")
    page.get_by_label("Reason").fill("asked at the desk")
    page.get_by_role("button", name="Move").click()
    judge(page, axe)
    page.get_by_label("Đặng Minh").check()
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_text("The study has been moved.")).to_be_visible()
    assert Study.objects.get().patient_name == "Đặng Minh"
