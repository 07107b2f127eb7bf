"""Where radiographers see only their own radiographs, a reference tells nothing of a colleague's patient."""

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Patient, Study
from tests.api.programs import program_of, send
from tests.cast import client_of
from tests.uploads import radiograph_png

CANARY = {"reference": "REF-7", "name": "Canary Jane", "birth_date": "1950-05-05", "sex": "F"}


def upload(client: Client, seed: int, **entered: str):
    file = SimpleUploadedFile("chest.png", radiograph_png(seed))
    return client.post("/upload/", {"radiograph": file, **entered}, headers={"Accept": "application/json"})


@pytest.fixture(autouse=True)
def own(engine: object, settings: Settings) -> None:
    settings.RADIOGRAPHERS_SEE = "own"


@pytest.fixture
def theirs(alice: User) -> Patient:
    """What Alice has uploaded."""
    assert upload(client_of(alice), 1, **CANARY).status_code == 201
    return Patient.objects.get()


def everything_bob_can_open(bob: User, theirs: Patient) -> Iterator[tuple[str, int, str]]:
    client, program = client_of(bob), program_of(bob)
    study = Study.objects.get(uploaded_by=bob)
    result = study.diagnoses.get()
    paths = ["/", "/patients/", "/patients/?q=ref", "/patients/?q=canary", "/patients/suggestions.json?q=ref"]
    paths += [f"/results/{result.uuid}/", "/results/", "/results/?q=canary", f"/studies/{study.uuid}/edit/"]
    paths += [f"/studies/{study.uuid}/move/", f"/patients/{theirs.uuid}/", f"/patients/{theirs.uuid}/edit/"]
    for path in paths:
        answer = client.get(path)
        yield path, answer.status_code, answer.content.decode().lower()
    for path in (f"/api/results/{result.uuid}/", "/api/results/?q=canary", "/api/results/"):
        answer = program.get(path)
        yield path, answer.status_code, answer.content.decode().lower()


def test_the_identity_stays_unread(theirs: Patient, bob: User) -> None:
    assert upload(client_of(bob), 2, reference="REF-7").status_code == 201
    for path, status, text in everything_bob_can_open(bob, theirs):
        assert "jane" not in text, path
        assert "1950" not in text, path
        assert status == (404 if str(theirs.uuid) in path else 200), path


@pytest.mark.parametrize("entered", [{"name": "Someone Else"}, {"name": "Canary Jane"}, {"sex": "M"}, {}])
def test_no_answer_tells_whether_a_name_is_right(theirs: Patient, bob: User, entered: dict[str, str]) -> None:
    known = upload(client_of(bob), 2, reference="REF-7", **entered)
    unknown = upload(client_of(bob), 3, reference="REF-8", **entered)
    assert known.status_code == unknown.status_code == 201
    assert known.json()["text"] == unknown.json()["text"]


def test_nothing_of_the_colleagues_changes(theirs: Patient, bob: User) -> None:
    before = Patient.objects.filter(pk=theirs.pk).values().get()
    upload(client_of(bob), 2, reference="ref-7", name="Bob Says", birth_date="1980-01-01")
    assert Patient.objects.filter(pk=theirs.pk).values().get() == before
    assert theirs.studies.count() == 1


def test_the_own_patient_is_found_again(theirs: Patient, bob: User) -> None:
    client = client_of(bob)
    for seed in (2, 3):
        upload(client, seed, reference="REF-7")
    assert Patient.objects.visible_to(bob).get().studies.count() == 2


def test_a_program_learns_no_more(theirs: Patient, bob: User) -> None:
    answer = send(program_of(bob), radiograph_png(2), reference="REF-7", name="Wrong Name")
    assert answer.status_code == 201
    assert "jane" not in answer.content.decode().lower()


def test_a_move_makes_an_own_patient(theirs: Patient, bob: User) -> None:
    client = client_of(bob)
    upload(client, 2, reference="REF-9")
    study = Study.objects.get(uploaded_by=bob)
    form = {"reference": "REF-7", "reason": "mixed up"}
    refused = client.post(f"/studies/{study.uuid}/move/", form).content.decode()
    assert "No patient has this reference" in refused
    client.post(f"/studies/{study.uuid}/move/", {**form, "is_new": "on", "name": "Another Name"})
    study.refresh_from_db()
    assert study.patient
    assert study.patient.name == "Another Name"
    assert study.patient != theirs


def test_a_correction_is_no_oracle(theirs: Patient, bob: User) -> None:
    client = client_of(bob)
    upload(client, 2, reference="REF-9")
    mine = Patient.objects.visible_to(bob).get()
    page = client.get(f"/patients/{mine.uuid}/edit/").content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    answer = client.post(f"/patients/{mine.uuid}/edit/", {"reference": "REF-7", "seen": seen})
    assert answer.status_code == 302
    assert Patient.objects.filter(reference="REF-7").count() == 2


def test_a_shared_patient_of_before_shows_own_studies_only(alice: User, bob: User, settings: Settings) -> None:
    settings.RADIOGRAPHERS_SEE = "institution"
    for person, seed in ((alice, 1), (bob, 2)):
        assert upload(client_of(person), seed, **CANARY).status_code == 201
    settings.RADIOGRAPHERS_SEE = "own"
    listed = client_of(bob).get("/patients/").content.decode()
    assert "Canary Jane" in listed
    assert upload(client_of(bob), 3, reference="REF-7").status_code == 201
    assert Patient.objects.count() == 1
