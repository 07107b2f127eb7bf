"""Whose radiograph it is: what an upload says, what is registered, and what happens where the two differ."""

import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from diagnosis.models import Diagnosis, Patient, PatientWord, Study, StudyEvent
from diagnosis.models.words import patient_words_write
from diagnosis.patients.details import names_agree
from diagnosis.patients.mix_ups import mix_ups
from diagnosis.patients.search import LISTED, SUGGESTED
from tests.cast import client_of
from tests.diagnosis.reports.made import made
from tests.rows import stored_result
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png, stored_files

HTML = "<script>alert(1)</script>"


@pytest.fixture
def client(alice: User, engine: ToyEngine) -> Client:
    return client_of(alice)


def registered(user: User, reference: str = "P-1", **values: object) -> Patient:
    patient = Patient.objects.create(institution=user.institution, created_by=user, reference=reference, **values)
    patient_words_write([patient])
    return patient


def upload(client: Client, content: bytes, **entered: str):
    """Post a file with what was entered for it."""
    return client.post(reverse("diagnosis:upload"), {"radiograph": SimpleUploadedFile("chest.png", content), **entered})


def kinds(study: Study) -> list[str]:
    return [event.kind for event in study.events.in_order()]


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("Doe Jane", "jane DOE", True),
        ("Doe^Jane", "Doe, Jane M.", True),
        ("J Doe", "Jane Doe", True),
        ("Müller Zoë", "Zoe Muller", True),
        ("李 小龙", "李小龙", True),
        ("", "Jane Doe", True),
        ("Jane Doe", "John Doe", False),
        ("Jane Doe", "Jane Roe", False),
    ],
)
def test_two_spellings_of_one_name_agree(one: str, other: str, agree: bool) -> None:
    assert names_agree(one, other) is agree
    assert names_agree(other, one) is agree


# --- With an upload ---------------------------------------------------------------------------------------------------


def test_what_was_entered_is_stored_with_a_picture(client: Client) -> None:
    entered = {"reference": "P-1", "name": "Doe Jane", "birth_date": "1970-02-28", "sex": "F"}
    upload(client, radiograph_png(), **entered, projection="AP", study_date="2026-01-31", notes="Cough\r\nfor a week")
    study = Study.objects.get()
    assert study.patient
    assert (study.patient.reference, study.patient.name, study.patient.sex) == ("P-1", "Doe Jane", "F")
    assert (study.patient.birth_date, study.study_date) == (date(1970, 2, 28), date(2026, 1, 31))
    assert (study.projection, study.notes) == ("AP", "Cough\nfor a week")
    assert (study.patient_reference, study.patient_name) == ("P-1", "Doe Jane")
    assert kinds(study) == ["uploaded", "classified"]


def test_file_tags_come_before_the_form(client: Client, dicom_samples: Path) -> None:
    """The files own tags come first and leave the rest to what was entered."""
    content = radiograph_dicom(dicom_samples, PatientID="P-2", ViewPosition="PA", StudyDate="20250101", PatientSex="")
    upload(client, content, sex="F", projection="AP", study_date="2026-01-31", notes="As the tags say.")
    study = Study.objects.get()
    assert (study.patient_reference, study.projection, study.study_date) == ("P-2", "PA", date(2025, 1, 1))
    assert study.patient
    assert (study.patient.sex, study.notes) == ("F", "As the tags say.")


def test_uploads_of_one_patient_are_joined(client: Client) -> None:
    for seed, spelling in enumerate(("p-1", "P-1", " P-1 ")):
        upload(client, radiograph_png(seed), reference=spelling)
    assert Patient.objects.get().studies.count() == 3


def test_name_and_birthday_tell_apart(client: Client) -> None:
    """Without a reference name and birthday together tell patients apart."""
    for seed, birth_date in enumerate(("1970-02-28", "1970-02-28", "1971-02-28")):
        upload(client, radiograph_png(seed), name="Doe Jane", birth_date=birth_date)
    assert sorted(patient.studies.count() for patient in Patient.objects.all()) == [1, 2]
    refused = upload(client, radiograph_png(9), name="Doe Jane")
    assert refused.status_code == 422
    assert "A name alone does not tell two patients apart" in refused.content.decode()


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"reference": "P-3"}, "Patient reference"),
        ({"name": "Doe John"}, "Name"),
        ({"name": "Doe Jane", "birth_date": "1970-02-27"}, "Date of birth"),
        ({"sex": "M"}, "Sex"),
    ],
)
def test_contradicting_the_file_is_refused(
    client: Client, dicom_samples: Path, media_root: Path, engine: ToyEngine, entered: dict[str, str], field: str
) -> None:
    """What contradicts the file is refused and nothing is stored."""
    tags = {"PatientID": "P-2", "PatientName": "Doe^Jane", "PatientBirthDate": "19700228", "PatientSex": "F"}
    answer = upload(client, radiograph_dicom(dicom_samples, **tags), **{"birth_date": "1970-02-28", **entered})
    assert answer.status_code == 422
    assert f"not what the file itself says ({field})" in answer.content.decode()
    assert (Study.objects.count(), Patient.objects.count(), stored_files(media_root), engine.runs) == (0, 0, [], 0)


@pytest.mark.parametrize("entered", [{"name": "Roe Jane"}, {"birth_date": "1970-02-27"}, {"sex": "M"}])
def test_contradicting_the_patient_is_refused(
    client: Client, alice: User, engine: ToyEngine, entered: dict[str, str]
) -> None:
    registered(alice, name="Doe Jane", birth_date=date(1970, 2, 28), sex="F")
    answer = upload(client, radiograph_png(), reference="P-1", **entered)
    assert answer.status_code == 422
    assert "registered with other details" in answer.content.decode()
    assert (Study.objects.count(), engine.runs) == (0, 0)


def test_a_foreign_reference_is_refused(client: Client, alice: User, dicom_samples: Path) -> None:
    """A reference typed for a file that names another person is refused."""
    registered(alice, name="Doe Jane")
    answer = upload(client, radiograph_dicom(dicom_samples, PatientID="", PatientName="Roe^Max"), reference="P-1")
    assert answer.status_code == 422
    assert not Study.objects.exists()


def test_the_number_goes_before_the_name(client: Client, alice: User, dicom_samples: Path) -> None:
    """A file whose name is not that of its number goes by the number and says so."""
    patient = registered(alice, name="Doe Jane", birth_date=date(1970, 2, 28))
    answer = upload(client, radiograph_dicom(dicom_samples, PatientID="P-1", PatientName=f"{HTML}^Max"))
    study = Study.objects.get()
    assert study.patient == patient
    assert [mix_up.name for mix_up in mix_ups(study)] == ["Name", "Date of birth"]
    page = client.get(answer["Location"]).content.decode()
    assert "The file itself names this patient differently" in page
    assert HTML not in page
    patient.refresh_from_db()
    assert patient.name == "Doe Jane"


def test_what_is_registered_as_empty_is_filled_in(client: Client, alice: User) -> None:
    first = stored_result(alice, patient_id="P-1").study
    upload(client, radiograph_png(), reference="P-1", name="Doe Jane")
    first.refresh_from_db()
    assert first.patient_name == "Doe Jane"
    event = first.events.get()
    assert (event.kind, event.detail) == ("edited", {"patient": str(first.patient.uuid), "fields": ["name"]})  # type: ignore[union-attr]


def test_another_institution_has_patients_of_its_own(client: Client, alice: User, charlie: User) -> None:
    registered(charlie, name="Somebody Else")
    assert upload(client, radiograph_png(), reference="P-1", name="Doe Jane").status_code == 302
    assert Patient.objects.filter(reference="P-1").count() == 2
    assert Study.objects.get().patient_name == "Doe Jane"


@pytest.mark.parametrize("field", ["reference", "name", "notes"])
def test_a_long_value_is_marked_at_its_field(client: Client, field: str) -> None:
    answer = upload(client, radiograph_png(), **{"reference": "P-1", field: "x" * 5001})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Study.objects.exists()


def test_letters_that_grow_when_normalised(client: Client, dicom_samples: Path) -> None:
    """Letters that grow when normalised do not burst the column."""
    assert (
        upload(client, radiograph_png(), reference="\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 60).status_code
        == 422
    )
    tags = {"SpecificCharacterSet": "ISO_IR 192", "PatientID": "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 60}
    assert upload(client, radiograph_dicom(dicom_samples, **tags)).status_code == 302
    assert Study.objects.get().patient_reference == ""


# --- Pages ------------------------------------------------------------------------------------------------------------


def suggested(client: Client, text: str) -> list[str]:
    answer = client.get(reverse("diagnosis:patient-suggestions"), {"q": text})
    return [row["reference"] for row in answer.json()["patients"]]


def test_suggestions_by_reference_and_name(client: Client, alice: User, charlie: User) -> None:
    """Patients are suggested by reference and name and only the own."""
    for reference, name in (("P-1", "Doe Jane"), ("P-2", "Poe Max"), ("Q-1", "Doe John"), ("", "Doe Nobody")):
        registered(alice, reference, name=name)
    registered(charlie, "P-3", name="Doe Elsewhere")
    assert suggested(client, "p-") == ["P-1", "P-2"]
    assert suggested(client, "doe") == ["P-1", "Q-1"]
    assert suggested(client, "P") == ["P-1", "P-2"]
    assert suggested(client, " ") == suggested(client, "\0") == suggested(client, "nobody") == []


def test_suggestions_read_an_index(client: Client, alice: User) -> None:
    for n in range(LISTED + 5):
        registered(alice, f"P-{n:03}")
    assert len(suggested(client, "p")) == SUGGESTED
    page = client.get(reverse("diagnosis:patients"), {"q": "p-"}).content.decode()
    assert page.count('class="patients-row"') == LISTED
    assert f"Found: {LISTED + 5}" in page
    (on,) = re.findall(r'rel="next" href="(.*?)"', page)
    last = client.get(reverse("diagnosis:patients") + unescape(on)).content.decode()
    assert last.count('class="patients-row"') == 5
    (back,) = re.findall(r'rel="prev" href="(.*?)"', last)
    first = client.get(reverse("diagnosis:patients") + unescape(back)).content.decode()
    assert first.count('class="patients-row"') == LISTED
    if connection.vendor == "sqlite":
        plan = PatientWord.objects.visible_to(alice).of_all(["p", "1"])[:9].explain()
        assert "patients_by_word (institution_id=? AND word>? AND word<?)" in plan
        assert "words_of_patient (patient_id=? AND word>? AND word<?)" in plan


def test_the_newest_answer_is_listed(client: Client, alice: User) -> None:
    """With each patient, but for a blind reader who has not read the study."""
    stored_result(alice, patient_id="P-1", prediction="Negative")
    stored_result(alice, patient_id="P-1", prediction="Positive", probability=0.73)
    assert "73\N{NO-BREAK SPACE}%" in client.get(reverse("diagnosis:patients")).content.decode()
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    page = client.get(reverse("diagnosis:patients")).content.decode()
    assert "Hidden until you have read it" in page
    assert "73\N{NO-BREAK SPACE}%" not in page


def test_the_list_of_patients_counts_their_studies(client: Client, alice: User) -> None:
    assert "No patient has been registered" in client.get(reverse("diagnosis:patients")).content.decode()
    for _ in range(2):
        stored_result(alice, patient_id="P-1", patient_name=HTML)
    page = client.get(reverse("diagnosis:patients")).content.decode()
    assert "2 studies" in page
    assert HTML not in page
    assert "has all of these words" in client.get(reverse("diagnosis:patients"), {"q": "zz"}).content.decode()


def test_studies_are_newest_first(client: Client, alice: User) -> None:
    """A patients page shows every study newest first in few queries."""
    patient = stored_result(alice, patient_id="P-1", patient_name=HTML, file_name="old.png").study.patient
    assert patient
    Study.objects.update(study_date=date(2025, 1, 1))
    with CaptureQueriesContext(connection) as few:
        client.get(patient.get_absolute_url())
    for number in range(5):
        stored_result(alice, patient_id="P-1", file_name=f"new{number}.png", prediction="Negative")
    with CaptureQueriesContext(connection) as many:
        page = client.get(patient.get_absolute_url()).content.decode()
    assert page.index("new0.png") < page.index("old.png")
    assert "Not reviewed" in page
    assert HTML not in page
    assert len(many) == len(few)


def test_a_blind_reader_finds_no_answer(client: Client, alice: User) -> None:
    patient = stored_result(alice, patient_id="P-1", prediction="Positive").study.patient
    assert patient
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    page = client.get(patient.get_absolute_url()).content.decode()
    assert "Hidden until you have read it" in page
    assert "Positive" not in page


# --- Editing ----------------------------------------------------------------------------------------------------------


def form_values(client: Client, address: str) -> dict[str, str]:
    """What a browser would post if nothing were changed."""
    context = client.get(address).context
    forms = [form for form in (context["form"], context.get("patient_form")) if form]
    fields = [field for form in forms for field in form]
    return {field.html_name: str(field.value()) if field.value() is not None else "" for field in fields}


def test_a_corrected_patient_is_found(client: Client, alice: User) -> None:
    """A patient is corrected for all studies and found by the new name."""
    upload(client, radiograph_png(), reference="P-1", name="Deo Jane")
    diagnosis, patient = Diagnosis.objects.get(), Patient.objects.get()
    report = made(alice, diagnosis)
    address = reverse("diagnosis:patient-edit", args=[patient.uuid])
    values = form_values(client, address)
    answer = client.post(address, {**values, "name": "Doe Jane", "institution": "99", "created_by": "99"})
    assert answer["Location"] == patient.get_absolute_url()
    patient.refresh_from_db()
    report.refresh_from_db()
    assert (patient.name, patient.institution) == ("Doe Jane", alice.institution)
    assert suggested(client, "jane doe") == [patient.reference]
    assert StudyEvent.objects.get(kind="edited").detail == {"patient": str(patient.uuid), "fields": ["name"]}
    assert report.state == "superseded"


def test_a_taken_reference_is_refused(client: Client, alice: User) -> None:
    """A reference that another patient has is refused with the way to him."""
    other, patient = registered(alice, "P-1"), registered(alice, "P-2")
    address = reverse("diagnosis:patient-edit", args=[patient.uuid])
    answer = client.post(address, {**form_values(client, address), "reference": "p-1"})
    assert answer.status_code == 422
    assert other.get_absolute_url() in answer.content.decode()


def test_of_two_who_edit_at_once_the_second_is_told(client: Client, alice: User) -> None:
    patient = registered(alice, "P-1")
    address = reverse("diagnosis:patient-edit", args=[patient.uuid])
    seen = form_values(client, address)
    client.post(address, {**seen, "name": "First"})
    answer = client.post(address, {**seen, "name": "Second"})
    assert answer.status_code == 422
    assert "Somebody else has changed this" in answer.content.decode()
    patient.refresh_from_db()
    assert patient.name == "First"


def test_edits_are_kept_in_the_history(client: Client, alice: User) -> None:
    upload(client, radiograph_png(), reference="P-1", projection="AP", notes="before")
    study, diagnosis = Study.objects.get(), Diagnosis.objects.get()
    address = reverse("diagnosis:study-edit", args=[study.uuid])
    values = {**form_values(client, address), "study-projection": "PA", "study-notes": HTML, "patient-name": "Doe Jane"}
    answer = client.post(address, {**values, "sha256": "0", "voided": "1"})
    assert answer["Location"] == diagnosis.get_absolute_url()
    study.refresh_from_db()
    assert (study.projection, study.notes, study.patient_name) == ("PA", HTML, "Doe Jane")
    details = [event.detail for event in study.events.filter(kind="edited").order_by("pk")]
    assert details[0]["fields"] == ["name"]
    assert details[1] == {"fields": ["notes", "projection"], "before": {"projection": "AP"}}
    assert HTML not in client.get(diagnosis.get_absolute_url()).content.decode()


def test_nothing_changed_is_no_event(client: Client, alice: User) -> None:
    upload(client, radiograph_png(), reference="P-1", notes="a\r\nb")
    study = Study.objects.get()
    address = reverse("diagnosis:study-edit", args=[study.uuid])
    client.post(address, form_values(client, address))
    assert kinds(study) == ["uploaded", "classified"]


def test_of_two_open_move_pages_the_second_is_told(alice: User, client: Client, engine: ToyEngine) -> None:
    """It was drawn for a study without a patient, who has one by now."""
    study = diagnosed(alice).study
    for number in (1, 2):
        registered(alice, reference=f"MOVE-{number}")
    address = reverse("diagnosis:study-move", args=[study.uuid])
    forms = [form_values(client, address) | {"reference": f"MOVE-{n}", "reason": "typed twice"} for n in (1, 2)]
    assert client.post(address, forms[0]).status_code == 302
    answer = client.post(address, forms[1])
    assert answer.status_code == 422
    assert "Somebody else has changed this" in answer.content.decode()
    assert "MOVE-2" in answer.content.decode()
    study.refresh_from_db()
    assert study.patient
    assert study.patient.reference == "MOVE-1"


def test_details_are_of_this_institution_only(alice: User, charlie: User, engine: ToyEngine) -> None:
    study = diagnosed(alice).study
    patient = registered(alice)
    stranger = client_of(charlie)
    for name in ("study-edit", "study-move", "study-void", "study-restore"):
        answer = stranger.post(reverse(f"diagnosis:{name}", args=[study.uuid]), {"reason": "x", "reference": "P-1"})
        assert answer.status_code == 404
    assert stranger.post(reverse("diagnosis:patient-edit", args=[patient.uuid]), {"name": "x"}).status_code == 404
    assert kinds(study) == ["uploaded", "classified"]
