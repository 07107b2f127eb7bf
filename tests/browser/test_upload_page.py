"""Uploading in a real browser: many files, each with its own outcome, whatever happens to the others on the way."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, Route, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from diagnosis.models import Diagnosis, Patient, Study
from diagnosis.models.words import patient_words_write
from tests.cast import client_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("engine")]

PHONE = ViewportSize(width=360, height=740)
HTML = "<img src=x onerror=document.body.dataset.broken=1>"


def enter(context: BrowserContext, server: LiveServer, user: User) -> None:
    session = client_of(user).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])


@pytest.fixture
def upload_page(page: Page, context: BrowserContext, live_server: LiveServer, alice: User) -> Page:
    enter(context, live_server, alice)
    page.goto("/upload/")
    return page


def png(name: str, seed: int = 0) -> FilePayload:
    return FilePayload(name=name, mimeType="image/png", buffer=radiograph_png(seed))


BROKEN = FilePayload(name="letter.png", mimeType="image/png", buffer=b"a letter")


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_label("Chest radiographs").set_input_files(list(files))


def classify(page: Page) -> None:
    page.get_by_role("button", name="Classify").click()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=name)


def summary(page: Page) -> Locator:
    return page.locator("[data-summary]")


def test_three_files_one_is_broken(upload_page: Page, dicom_samples: Path) -> None:
    page = upload_page
    dicom = FilePayload(name="IM1", mimeType="", buffer=radiograph_dicom(dicom_samples, PatientID="P-7"))
    choose(page, png("first.png"), BROKEN, dicom)
    expect(summary(page)).to_contain_text("Waiting: 3")
    expect(row(page, "first.png").locator("canvas")).to_have_count(1)  # a preview; the others keep their icon
    expect(row(page, "IM1").locator("svg").first).to_be_visible()
    classify(page)
    expect(summary(page)).to_have_text("Finished: 3 of 3 · Classified: 2 · Not classified: 1")
    expect(summary(page)).to_have_attribute("role", "status")
    expect(row(page, "first.png")).to_contain_text("Positive COVID probability 31\N{NO-BREAK SPACE}%")
    expect(row(page, "letter.png")).to_contain_text("not a JPEG, PNG or DICOM picture")
    row(page, "IM1").get_by_role("link", name="Open the result: IM1").click()
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()
    assert Study.objects.count() == 2


def test_what_was_uploaded_before_or_voided_is_said(upload_page: Page, alice: User) -> None:
    from diagnosis.studies.services import study_void

    page = upload_page
    diagnosed(alice)
    study_void(user=alice, study=diagnosed(alice, seed=1).study, reason="twice")
    choose(page, png("again.png"), png("voided.png", 1))
    classify(page)
    expect(row(page, "again.png")).to_contain_text("was uploaded and classified before")
    expect(row(page, "voided.png")).to_contain_text("voided, so it was not classified")
    row(page, "voided.png").get_by_role("link").click()
    expect(page.get_by_text("Voided – excluded from lists and statistics.")).to_be_visible()
    page.get_by_role("link", name="Restore it").click()
    page.get_by_label("Reason").fill("It is needed")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The study has been restored.")).to_be_visible()
    assert not Study.objects.exclude(voided=None).exists()


def test_an_ended_session_loses_no_file(
    upload_page: Page, context: BrowserContext, live_server: LiveServer, alice: User
) -> None:
    page = upload_page
    choose(page, png("first.png"), png("second.png", 1))
    Session.objects.all().delete()
    classify(page)
    expect(row(page, "first.png")).to_contain_text("You are signed out.")
    expect(row(page, "second.png")).to_contain_text("Waiting")
    enter(context, live_server, alice)  # in another tab, with another CSRF token
    row(page, "first.png").get_by_role("button", name="Try again").click()
    expect(summary(page)).to_contain_text("Classified: 2")


def test_another_sign_in_sends_nothing(
    upload_page: Page, context: BrowserContext, live_server: LiveServer, bob: User
) -> None:
    page = upload_page
    choose(page, png("first.png"))
    Session.objects.all().delete()
    context.clear_cookies()
    enter(context, live_server, bob)
    classify(page)
    expect(row(page, "first.png")).to_contain_text("Another person is now signed in")
    assert not Diagnosis.objects.exists()


def test_a_lost_connection_pauses_the_rest(upload_page: Page) -> None:
    page = upload_page
    page.route("**/upload/", lambda route: route.abort())
    choose(page, png("first.png"), png("second.png", 1))
    classify(page)
    expect(row(page, "first.png")).to_contain_text("could not be reached")
    expect(row(page, "second.png")).to_contain_text("Waiting")
    page.unroute("**/upload/")
    row(page, "first.png").get_by_role("button", name="Try again").click()
    expect(summary(page)).to_contain_text("Classified: 2")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (413, "too large"),
        (500, "An error happened"),
        (502, "not available at the moment"),
        (507, "storage"),
        (404, "unexpected answer"),
    ],
)
def test_each_fault_of_the_server_has_its_sentence(upload_page: Page, status: int, sentence: str) -> None:
    page = upload_page

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=status, body="<h1>fault</h1>", content_type="text/html")
        else:
            route.continue_()

    page.route("**/upload/", answer)
    choose(page, png("first.png"), png("second.png", 1))
    classify(page)
    expect(summary(page)).to_contain_text("Not classified: 2")
    expect(row(page, "second.png")).to_contain_text(sentence)


def test_a_busy_server_is_asked_again(upload_page: Page) -> None:
    page = upload_page
    turned_away: list[Route] = []

    def answer(route: Route) -> None:
        if route.request.method == "POST" and not turned_away:
            turned_away.append(route)
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"state": "refused", "text": "Busy."})
        else:
            route.continue_()

    page.route("**/upload/", answer)
    choose(page, png("first.png"), png("second.png", 1))
    classify(page)
    expect(row(page, "first.png")).to_contain_text("Tried again in 1 s.")
    expect(summary(page)).to_contain_text("Classified: 2")


def test_a_form_error_stores_nothing(upload_page: Page) -> None:
    """What was entered wrongly stops before anything is stored."""
    page = upload_page
    choose(page, png("first.png"), png("second.png", 1))
    page.get_by_text("Patient, projection and notes").click()
    page.get_by_label("Patient reference").fill("P-1")
    page.get_by_label("Study date").fill("2199-01-01")
    classify(page)
    expect(page.get_by_label("Study date")).to_be_focused()
    expect(page.get_by_text("This date is in the future")).to_be_visible()
    expect(summary(page)).to_contain_text("Waiting: 2")
    page.get_by_label("Study date").fill("2026-01-31")
    page.get_by_label("Clinical notes").fill(f"Cough {HTML}")
    classify(page)
    expect(summary(page)).to_contain_text("Classified: 2")
    assert {study.patient_reference for study in Study.objects.select_related("patient")} == {"P-1"}
    row(page, "first.png").get_by_role("link").click()
    expect(page.get_by_text(f"Cough {HTML}")).to_be_visible()
    assert page.evaluate("document.body.dataset.broken") is None


def test_a_patient_is_found_by_keyboard_while_typing(upload_page: Page, alice: User, charlie: User) -> None:
    page = upload_page
    patients = [("P-10", "Nowak Anna"), ("P-11", HTML)]
    for reference, name in patients:
        Patient.objects.create(institution=alice.institution, created_by=alice, reference=reference, name=name)
    Patient.objects.create(institution=charlie.institution, created_by=charlie, reference="P-12", name="Secret")
    patient_words_write(Patient.objects.all())
    page.get_by_text("Patient, projection and notes").click()
    field = page.get_by_role("combobox", name="Patient reference")
    field.press_sequentially("p-1")
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.last).to_contain_text(HTML)
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.and_(page.locator("[aria-selected=true]"))).to_contain_text("P-10")
    field.press("Enter")
    expect(field).to_have_value("P-10")
    expect(page.locator(".suggestion-about")).to_have_text("Nowak Anna")
    field.fill("secret")
    expect(page.get_by_text("No registered patient begins with this.")).to_be_attached()
    assert page.evaluate("document.body.dataset.broken") is None


def test_without_a_file_there_is_nothing_to_classify(upload_page: Page) -> None:
    page = upload_page
    classify(page)
    expect(page.get_by_role("alert")).to_have_text("Choose a radiograph to upload.")
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()


def test_fifty_one_files_are_one_too_many(upload_page: Page, engine: ToyEngine) -> None:
    page = upload_page
    choose(page, *(FilePayload(name=f"{number}.png", mimeType="image/png", buffer=b"x") for number in range(51)))
    expect(page.get_by_role("alert")).to_contain_text("At most 50 files at once: 1 were left out.")
    expect(page.locator(".upload-row")).to_have_count(50)


def test_the_rest_is_stopped_and_removed(upload_page: Page) -> None:
    page = upload_page
    held: list[Route] = []
    page.route("**/upload/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    choose(page, png("first.png"), png("second.png", 1))
    classify(page)
    page.get_by_role("button", name="Stop all").click()
    expect(summary(page)).to_contain_text("Stopped: 2")
    page.get_by_role("button", name="Remove: second.png").click()
    expect(page.locator(".upload-row")).to_have_count(1)
    assert not Diagnosis.objects.exists()


def test_a_blind_reader_is_told_to_read_first(upload_page: Page, alice: User) -> None:
    page = upload_page
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    choose(page, png("first.png"), png("second.png", 1))
    classify(page)
    expect(summary(page)).to_contain_text("Classified: 2")
    expect(row(page, "first.png")).to_contain_text("Read it first")
    expect(row(page, "first.png")).not_to_contain_text("Positive")


def test_pages_need_no_scrolling_sideways_on_a_phone(upload_page: Page, alice: User) -> None:
    page, long = upload_page, "a_name_without_a_single_place_to_break_it_" * 3
    page.set_viewport_size(PHONE)
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference="R" * 64, name=long)
    study = diagnosed(alice, seed=3, name=long).study
    Study.objects.update(patient=patient, notes=long)
    choose(page, png(f"{long}.png"), BROKEN)
    classify(page)
    expect(summary(page)).to_contain_text("Finished: 2 of 2")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tails = (f"patients/{patient.uuid}/", f"patients/{patient.uuid}/edit/", "patients/", f"studies/{study.uuid}/edit/")
    for tail in (*tails, f"studies/{study.uuid}/move/", f"studies/{study.uuid}/void/"):
        page.goto(f"/{tail}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], tail


@pytest.fixture
def without_scripts(browser: Browser, live_server: LiveServer, alice: User) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    enter(context, live_server, alice)
    yield context.new_page()
    context.close()


def test_without_scripts_files_share_a_page(without_scripts: Page) -> None:
    page = without_scripts
    page.goto("/upload/")
    choose(page, png("first.png"), BROKEN)
    classify(page)
    expect(page.get_by_role("heading", name="Uploaded files")).to_be_visible()
    expect(row(page, "first.png")).to_contain_text("Positive")
    expect(row(page, "letter.png")).to_contain_text("not a JPEG, PNG or DICOM picture")
    row(page, "first.png").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Positive")).to_be_visible()


def test_a_zip_gets_a_row_for_each_file(upload_page: Page) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (("a.png", radiograph_png(1)), ("b.png", radiograph_png(2)), ("c.txt", b"text")):
            archive.writestr(name, content)
    choose(upload_page, FilePayload(name="x.zip", mimeType="application/zip", buffer=stream.getvalue()))
    classify(upload_page)
    expect(summary(upload_page)).to_have_text("Finished: 3 of 3 · Classified: 2 · Not classified: 1")
    expect(row(upload_page, "x.zip: c.txt")).to_contain_text("not a JPEG, PNG or DICOM picture")
    row(upload_page, "x.zip: b.png").get_by_role("link").click()
    expect(upload_page.get_by_role("heading", name="Positive")).to_be_visible()


def leg() -> FilePayload:
    return FilePayload(name="leg.png", mimeType="image/png", buffer=radiograph_png(width=900, height=160))


def test_one_click_stores_a_refused_file(upload_page: Page) -> None:
    choose(upload_page, leg(), png("good.png"))
    classify(upload_page)
    row(upload_page, "leg.png").get_by_role("button", name="Store without an answer").click()
    expect(row(upload_page, "leg.png").get_by_text("Stored without an answer", exact=True)).to_be_visible()
    row(upload_page, "leg.png").get_by_role("link", name="Open the result").click()
    expect(upload_page.get_by_role("heading", name="Stored without an answer")).to_be_visible()
    upload_page.go_back()
    expect(row(upload_page, "leg.png").get_by_text("a strip of 900 x 160 pixels")).to_be_visible()


def test_without_scripts_one_click_stores_it_too(browser: Browser, live_server: LiveServer, alice: User) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    enter(context, live_server, alice)
    page = context.new_page()
    page.goto("/upload/")
    choose(page, leg())
    classify(page)
    page.get_by_role("button", name="Store without an answer").click()
    expect(page.get_by_role("heading", name="Stored without an answer")).to_be_visible()
    context.close()


def test_a_dropped_folder_is_uploaded_with_its_folders(upload_page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "CD"
    for name in ("A/IM1", "B/IM1", "B/DICOMDIR", "B/.hidden"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(radiograph_png(ord(name[0])))
    box = upload_page.locator("[data-dropzone]").bounding_box()
    assert box
    place = {"x": box["x"] + 20, "y": box["y"] + 20}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    browser = upload_page.context.new_cdp_session(upload_page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    expect(row(upload_page, "IM1")).to_have_count(2)
    expect(upload_page.get_by_role("listitem")).to_have_count(2)


def test_what_is_chosen_stays_in_view(upload_page: Page) -> None:
    choose(upload_page, *[png(f"{seed}.png", seed) for seed in range(12)])
    upload_page.get_by_text("Patient, projection and notes").click()
    button = upload_page.get_by_role("button", name="Classify")
    for place in (0, 10_000):
        upload_page.evaluate("y => window.scrollTo(0, y)", place)
        expect(button).to_be_in_viewport(ratio=1)
        expect(summary(upload_page)).to_be_in_viewport(ratio=1)
