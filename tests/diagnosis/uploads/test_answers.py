"""What a script is told of an upload, and several files at once; and studies that were uploaded wrongly."""

from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from diagnosis.errors import ModelUnavailable
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.inference.serving import forget_classifier
from diagnosis.models import Diagnosis, Patient, Study
from diagnosis.patients.details import PatientDetails
from diagnosis.patients.services import patient_get_or_create
from diagnosis.results.search import ResultFilter, filtered_results
from diagnosis.studies.services import study_restore, study_void
from tests.cast import client_of
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png, stored_files

UPLOAD = "/upload/"


@pytest.fixture
def client(alice: User, engine: ToyEngine) -> Client:
    return client_of(alice)


def file(content: bytes, name: str = "chest.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send(client: Client, content: bytes, **entered: str):
    """As the script does."""
    return client.post(UPLOAD, {"radiograph": file(content), **entered}, headers={"Accept": "application/json"})


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_a_script_is_told_the_answer_and_where_it_is(client: Client) -> None:
    answer = send(client, radiograph_png())
    assert (answer.status_code, answer["Content-Type"]) == (201, "application/json")
    assert answer.json() == {
        "state": "done",
        "text": "",
        "result": Diagnosis.objects.get().get_absolute_url(),
        "prediction": "Positive",
        "label": "Positive",
        "probability": "COVID probability 31\N{NO-BREAK SPACE}%",
    }


def test_a_repeat_says_so_and_whose_it_is(client: Client) -> None:
    first = send(client, radiograph_png(), reference="P-1").json()
    again = send(client, radiograph_png())
    assert (again.status_code, again.json()["state"], again.json()["result"]) == (200, "repeat", first["result"])
    assert "What you entered" not in again.json()["text"]
    assert "was not stored with it" in send(client, radiograph_png(), notes="late").json()["text"]
    assert "belongs to a different patient" in send(client, radiograph_png(), reference="P-2").json()["text"]
    assert (Study.objects.count(), Patient.objects.count(), Study.objects.get().notes) == (1, 1, "")


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", 422, "This file is empty"),
        (b"no picture", 422, "not a JPEG, PNG or DICOM picture"),
        (b"\0" * (MAX_FILE_BYTES + 1), 413, "larger than 50 MB"),
    ],
)
def test_a_refusal_has_its_reason_and_status(client: Client, content: bytes, status: int, reason: str) -> None:
    answer = send(client, content)
    assert (answer.status_code, answer.json()["state"]) == (status, "refused")
    assert reason in answer.json()["text"]


def test_without_a_model_the_script_is_told_why(client: Client, engine: ToyEngine) -> None:
    engine.fault = ModelUnavailable("The model is busy.")
    answer = send(client, radiograph_png())
    assert (answer.status_code, answer.json()["text"]) == (503, "The model is busy.")


def test_a_wrong_field_is_named_and_nothing_is_read(client: Client, engine: ToyEngine) -> None:
    answer = send(client, radiograph_png(), study_date="2199-01-01", projection="<b>")
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {"id_study_date", "id_projection"}
    assert engine.runs == 0


def test_a_blind_reader_is_told_no_answer(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(reads_blind=True)
    for state in ("done", "repeat"):
        answer = send(client, radiograph_png())
        assert answer.json()["state"] == state
        assert "Read it first" in answer.json()["text"]
        assert not {"label", "prediction", "probability"} & set(answer.json())


def test_a_script_asks_who_is_signed_in(alice: User, engine: ToyEngine) -> None:
    """A script asks who is signed in and gets a token that works."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert send(strict, radiograph_png()).status_code == 403
    found = strict.get(UPLOAD, headers={"Accept": "application/json"}).json()
    assert found["person"] == str(alice.uuid)
    assert send(strict, radiograph_png(), csrfmiddlewaretoken=found["csrf_token"]).status_code == 201


def test_without_a_session_sign_in_comes_first(client: Client) -> None:
    """Without a session the script is sent to the sign in page."""
    Session.objects.all().delete()
    answer = client.get(UPLOAD, headers={"Accept": "application/json"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/sign-in/?next=/upload/")


def test_a_colleagues_upload_stays_unseen(client: Client, bob: User, settings) -> None:
    first = send(client, radiograph_png()).json()
    settings.RADIOGRAPHERS_SEE = "own"
    answer = send(client_of(bob), radiograph_png())
    assert answer.json()["state"] == "refused"
    assert first["result"] not in answer.content.decode()
    assert "Positive" not in answer.content.decode()


# --- Several files without a script -----------------------------------------------------------------------------------


def test_several_files_share_one_page(client: Client) -> None:
    names = ["first.png", "<b>letter.png", "second.png"]
    contents = [radiograph_png(), b"%PDF-1.7", radiograph_png(1)]
    files = [file(content, name) for content, name in zip(contents, names, strict=True)]
    answer = client.post(UPLOAD, {"radiograph": files, "reference": "P-1"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count('data-outcome="done"') == 2
    assert page.count('data-outcome="refused"') == 1
    assert "&lt;b&gt;letter.png" in page
    assert Patient.objects.get().studies.count() == 2


def test_the_status_when_all_are_refused(client: Client) -> None:
    answer = client.post(UPLOAD, {"radiograph": [file(b"%PDF"), file(b"")]})
    assert answer.status_code == 422


def test_fifty_one_files_are_refused_together(client: Client, engine: ToyEngine) -> None:
    answer = client.post(UPLOAD, {"radiograph": [file(b"x", f"{number}.png") for number in range(51)]})
    assert answer.status_code == 413
    assert "You chose 51 files. Choose at most 50 at once." in answer.content.decode()


# --- Uploaded wrongly -------------------------------------------------------------------------------------------------


def act(client: Client, what: str, study: Study, **values: str):
    return client.post(reverse(f"diagnosis:study-{what}", args=[study.uuid]), values)


def events(study: Study) -> list[tuple[str, dict]]:
    return [(event.kind, event.detail) for event in study.events.in_order()][2:]


def listed(user: User) -> int:
    return len(filtered_results(user, ResultFilter()))


def test_a_voided_study_leaves_the_lists(client: Client, alice: User, media_root: Path) -> None:
    diagnosis = diagnosed(alice)
    patient = Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-1")
    Study.objects.update(patient=patient)
    report = made(alice, diagnosis)
    assert act(client, "void", diagnosis.study).status_code == 422
    answer = act(client, "void", diagnosis.study, reason="<i>wrong file</i>", voided_by="99")
    assert answer["Location"] == diagnosis.get_absolute_url()
    assert listed(alice) == 0
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert "Voided – excluded from lists and statistics." in page
    assert "&lt;i&gt;wrong file&lt;/i&gt;" in page
    assert "Voided studies" in client.get(patient.get_absolute_url()).content.decode()
    assert events(diagnosis.study)[-1] == ("voided", {"reason": "<i>wrong file</i>"})
    report.refresh_from_db()
    assert report.state == "superseded"
    assert "was voided" in client.get(report.get_absolute_url()).content.decode()
    assert len(stored_files(media_root)) == 4


def test_a_voided_file_is_offered_again(client: Client, alice: User, engine: ToyEngine) -> None:
    """A voided file uploaded again is offered and not made twice."""
    diagnosis = diagnosed(alice)
    study_void(user=alice, study=diagnosis.study, reason="wrong")
    answer = send(client, radiograph_png())
    assert (answer.status_code, answer.json()["state"]) == (409, "voided")
    assert answer.json()["result"] == diagnosis.get_absolute_url()
    plain = client.post(UPLOAD, {"radiograph": file(radiograph_png())})
    assert "Restore it" in client.get(plain["Location"]).content.decode()
    assert (Study.objects.count(), Diagnosis.objects.count(), engine.runs, listed(alice)) == (1, 1, 1, 0)


def test_a_restored_study_counts_again(client: Client, alice: User) -> None:
    study = diagnosed(alice).study
    study_void(user=alice, study=study, reason="wrong")
    act(client, "restore", study, reason="was right")
    assert listed(alice) == 1
    assert [kind for kind, _detail in events(study)] == ["voided", "restored"]
    study.refresh_from_db()
    assert (study.voided, study.voided_by, study.void_reason) == (None, None, "")


def test_twice_is_once(alice: User, engine: ToyEngine) -> None:
    study = diagnosed(alice).study
    assert study_void(user=alice, study=study, reason="wrong")
    assert not study_void(user=alice, study=study, reason="a double click")
    assert study_restore(user=alice, study=study, reason="right")
    assert not study_restore(user=alice, study=study, reason="a double click")
    assert len(events(study)) == 2


def test_voiding_during_an_upload_counts(
    client: Client, alice: User, engine: ToyEngine, toy_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = diagnosed(alice).study
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    forget_classifier()
    answer = engine.run

    def void_meanwhile(images):
        study_void(user=alice, study=study, reason="at this moment")
        return answer(images)

    monkeypatch.setattr(engine, "run", void_meanwhile)
    assert send(client, radiograph_png()).json()["state"] == "voided"
    assert Diagnosis.objects.count() == 2
    assert listed(alice) == 0


def test_a_move_outdates_reports(client: Client, alice: User) -> None:
    wrong, right = (
        Patient.objects.create(institution=alice.institution, created_by=alice, reference=reference, name=name)
        for reference, name in (("P-1", "Wrong Anna"), ("P-2", "Right Berta"))
    )
    diagnosis = diagnosed(alice)
    diagnosis.study.patient = wrong
    diagnosis.study.save()
    report = made(alice, diagnosis)
    answer = act(client, "move", diagnosis.study, reference=" p-2 ", reason="typed wrongly")
    assert answer["Location"] == diagnosis.get_absolute_url()
    study = Study.objects.get()
    assert study.patient == right
    detail = {"before": str(wrong.uuid), "after": str(right.uuid), "reason": "typed wrongly"}
    assert events(study)[-1] == ("moved", detail)
    page = client.get(diagnosis.get_absolute_url()).content.decode()
    assert "Reports made before the study was moved name the wrong patient" in page
    assert wrong.get_absolute_url() in page
    assert "names the wrong one" in client.get(report.get_absolute_url()).content.decode()
    report.refresh_from_db()
    assert report.state == "superseded"
    assert made(alice, diagnosis).state == "valid"


@pytest.mark.parametrize(
    ("entered", "reason"),
    [
        ({}, "Enter the reference of the right patient"),
        ({"reference": "P-1"}, "The study already belongs to this patient"),
        ({"reference": "P-9"}, "No patient has this reference"),
        ({"reference": "P-2", "name": "Somebody Else"}, "registered with other details"),
        ({"reference": "P-3"}, "No patient has this reference"),
    ],
)
def test_a_move_that_makes_no_sense_changes_nothing(
    client: Client, alice: User, charlie: User, entered: dict[str, str], reason: str
) -> None:
    first = Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-1")
    Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-2", name="Right Berta")
    Patient.objects.create(institution=charlie.institution, created_by=charlie, reference="P-3")
    study = diagnosed(alice).study
    Study.objects.update(patient=first)
    answer = act(client, "move", study, **entered, reason="why not")
    assert answer.status_code == 422
    assert reason in answer.content.decode()
    assert (Study.objects.get().patient, events(study), Patient.objects.count()) == (first, [], 3)


def test_a_new_patient_only_when_asked_for(client: Client, alice: User) -> None:
    """A study is given to a new patient only when that is asked for."""
    study = diagnosed(alice).study
    act(client, "move", study, reference="P-9", is_new="on", name="New Clara", reason="registered late")
    assert Study.objects.get().patient_name == "New Clara"
    assert events(study)[-1][1]["before"] is None
    assert "Moved from another patient" not in client.get(study.diagnoses.get().get_absolute_url()).content.decode()


def test_a_mix_up_is_shown_with_its_file(client: Client, alice: User, dicom_samples: Path) -> None:
    Patient.objects.create(institution=alice.institution, created_by=alice, reference="P-1", name="Doe Jane")
    answer = send(client, radiograph_dicom(dicom_samples, PatientID="P-1", PatientName="Roe^Max"))
    assert "names this patient differently" in answer.json()["text"]
    assert (
        "differently"
        not in send(client, radiograph_dicom(dicom_samples, PatientID="P-1", PatientName="Doe")).json()["text"]
    )


def test_a_file_without_a_patient_is_offered_for_assigning(client: Client, alice: User, engine: ToyEngine) -> None:
    """The same file again, with a reference: one click leads to the form with it filled in."""
    diagnosis = diagnosed(alice)
    answer = send(client, radiograph_png(), reference="P-7").json()
    assert "stored without a patient" in answer["text"]
    assert answer["assign"] == f"/studies/{diagnosis.study.uuid}/move/?reference=P-7"
    assert 'value="P-7"' in client.get(answer["assign"]).content.decode()
    act(client, "move", diagnosis.study, reference="P-7", is_new="on", reason="known now")
    assert "assign" not in send(client, radiograph_png(), reference="P-7").json()
    assert "belongs to a different patient" in send(client, radiograph_png(), reference="P-8").json()["text"]


def test_a_patient_is_found_by_name(client: Client, alice: User, charlie: User, engine: ToyEngine) -> None:
    """Also one without a reference, whom no reference could name."""
    for person, name in ((alice, "Łukaszewicz Anna"), (alice, "Nowak Jan"), (charlie, "Łukaszewicz Else")):
        patient_get_or_create(user=person, details=PatientDetails(name=name))
    wanted = Patient.objects.get(name="Łukaszewicz Anna")
    diagnosis = diagnosed(alice)
    page = act(client, "move", diagnosis.study, reference="anna lukasz", reason="hers").content.decode()
    assert f'value="{wanted.uuid}"' in page
    assert "Nowak" not in page
    assert "Else" not in page
    act(client, "move", diagnosis.study, reference="anna lukasz", reason="hers", chosen=str(wanted.uuid))
    assert Study.objects.get().patient == wanted
    other = Patient.objects.get(name="Łukaszewicz Else")
    act(client, "move", diagnosis.study, reference="lukaszewicz", reason="hers", chosen=str(other.uuid))
    assert Study.objects.get().patient == wanted
