"""Uploading, finding and reading results, as a program does."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from api.results import FILTERS
from audit.models import AuditEntry
from diagnosis.errors import ModelUnavailable
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.inference import concurrency
from diagnosis.models import Diagnosis, Refusal, Study
from diagnosis.results import search
from diagnosis.results.forms import ResultFilterForm
from diagnosis.reviews.services import outcome_add, review_add
from diagnosis.studies.services import study_void
from tests.api.programs import RESULTS, anonymous, program_of, send
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png, stored_files


def uuids(answer) -> list[str]:
    return [row["uuid"] for row in answer.json()["results"]]


class TestUploading:
    def test_a_new_file_is_answered_and_stored(self, program: Client) -> None:
        answer = send(program, radiograph_png())
        assert answer.status_code == 201
        body = answer.json()
        assert (body["state"], body["text"]) == ("done", "")
        result = body["result"]
        assert result["uuid"] == str(Diagnosis.objects.get().uuid)
        assert result["answer"]["prediction"] == "Positive"
        assert result["answer"]["probability"] == pytest.approx(0.31)
        assert result["model_version"] == "toy-1"
        assert result["study"]["patient"] is None

    def test_what_is_entered_with_it_is_stored(self, program: Client) -> None:
        entered = {"reference": "P-7", "name": "Jane", "birth_date": "1980-02-01", "sex": "F"}
        more = {"projection": "PA", "study_date": "2026-01-05", "notes": "Cough.\nFever."}
        study = send(program, radiograph_png(), **entered, **more).json()["result"]["study"]
        assert {name: study["patient"][name] for name in entered} == entered
        assert {name: study[name] for name in more} == more

    def test_a_dicom_files_own_patient_counts(self, program: Client, dicom_samples: Path) -> None:
        content = radiograph_dicom(dicom_samples, PatientID="MRN-1", PatientName="Doe^Jane")
        assert send(program, content, "x.dcm").json()["result"]["study"]["patient"]["reference"] == "MRN-1"
        answer = send(program, radiograph_dicom(dicom_samples, PatientID="MRN-2"), reference="MRN-9")
        assert (answer.status_code, Study.objects.count()) == (422, 1)

    def test_the_same_file_has_the_same_result(self, program: Client) -> None:
        first, again = (send(program, radiograph_png()) for _ in range(2))
        assert (again.status_code, again.json()["state"]) == (200, "repeat")
        assert again.json()["result"]["uuid"] == first.json()["result"]["uuid"]

    def test_a_voided_one_is_not_classified_again(self, program: Client, alice: User) -> None:
        study_void(user=alice, study=diagnosed(alice).study, reason="wrong")
        answer = send(program, radiograph_png())
        assert (answer.status_code, answer.json()["state"]) == (409, "voided")

    @pytest.mark.parametrize(
        ("content", "status", "code", "reason"),
        [
            (b"", 422, "empty", "This file is empty"),
            (b"no picture", 422, "not-an-image", "not a JPEG, PNG or DICOM picture"),
            (b"%PDF-1.7", 422, "not-an-image", "Export the radiograph as DICOM or PNG"),
            (radiograph_png()[:900], 422, "damaged", ""),
            (b"\0" * (MAX_FILE_BYTES + 1), 413, "too-large", "larger than 50 MB"),
        ],
        ids=["empty", "no picture", "PDF", "truncated", "too large"],
    )
    def test_a_refused_file_leaves_nothing(
        self, program: Client, media_root: Path, content: bytes, status: int, code: str, reason: str
    ) -> None:
        answer = send(program, content)
        assert answer.status_code == status
        assert reason in answer.json()["detail"]
        assert answer.json()["code"]
        assert (Study.objects.count(), stored_files(media_root)) == (0, [])

    def test_a_refusal_is_counted_and_recorded(self, program: Client) -> None:
        send(program, b"%PDF-1.7")
        assert Refusal.objects.count() == 1
        assert AuditEntry.objects.latest("sequence").action == "upload-refused"

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"study_date": "2199-01-01", "projection": "<b>"}, {"study_date", "projection"}),
            ({"name": "Jane"}, {"name"}),
            ({"reference": "x" * 65}, {"reference"}),
            ({"notes": "a\0b"}, {"notes"}),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_read(
        self, program: Client, engine: ToyEngine, fields: dict[str, str], named: set[str]
    ) -> None:
        answer = send(program, radiograph_png(), **fields)
        assert (answer.status_code, set(answer.json()["fields"])) == (422, named)
        assert engine.runs == 0

    def test_without_a_file_or_with_two_it_says_so(self, program: Client) -> None:
        assert set(program.post(RESULTS, {"reference": "x"}).json()["fields"]) == {"radiograph"}
        two = [SimpleUploadedFile(f"{seed}.png", radiograph_png(seed)) for seed in range(2)]
        answer = program.post(RESULTS, {"radiograph": two})
        assert (answer.status_code, answer.json()["code"], Study.objects.count()) == (422, "several-files", 0)

    def test_extra_fields_change_nothing(self, program: Client, alice: User, bob: User) -> None:
        send(program, radiograph_png(), uploaded_by=str(bob.pk), probability="0", prediction="Negative")
        found = Diagnosis.objects.get()
        assert (found.requested_by, found.prediction) == (alice, "Positive")

    def test_another_type_of_body_is_415(self, program: Client) -> None:
        assert program.post(RESULTS, "{}", content_type="application/json").status_code == 415

    @pytest.mark.parametrize("body", [b"", b"--x\r\nnonsense", b"\xff\xfe--x--"])
    def test_a_broken_body_is_no_fault(self, program: Client, body: bytes) -> None:
        answer = program.post(RESULTS, body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code in (400, 422)

    def test_a_stranger_cannot_send_more_than_a_form(self, db: None, settings: Settings) -> None:
        settings.ANONYMOUS_MAX_REQUEST_BYTES = 1000
        answer = send(anonymous(), radiograph_png())
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")

    def test_who_bears_a_token_can(self, program: Client, settings: Settings) -> None:
        settings.ANONYMOUS_MAX_REQUEST_BYTES = 1000
        assert send(program, radiograph_png()).status_code == 201
        settings.UPLOAD_MAX_REQUEST_BYTES = 1000
        assert send(program, radiograph_png(1)).status_code == 413

    def test_without_a_model_it_is_503(self, program: Client, engine: ToyEngine, media_root: Path) -> None:
        engine.fault = ModelUnavailable("No model.", "no-model")
        answer = send(program, radiograph_png())
        assert (answer.status_code, answer.json()["code"]) == (503, "no-model")
        assert stored_files(media_root) == []

    def test_a_busy_server_says_when_to_come_again(
        self, program: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = concurrency.Turns(at_once=1, waiting=0)
        monkeypatch.setattr(concurrency, "_turns", lambda *_bounds: full)
        with full.turn():
            answer = send(program, radiograph_png())
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer["Retry-After"]) >= 1
        assert Study.objects.count() == 0
        assert send(program, radiograph_png()).status_code == 201

    def test_the_answer_is_recorded_as_seen(self, program: Client, bob: User) -> None:
        send(program, radiograph_png())
        start = AuditEntry.objects.count()
        assert send(program_of(bob), radiograph_png()).json()["state"] == "repeat"
        assert [entry.action for entry in AuditEntry.objects.order_by("sequence")[start:]] == [
            "signed-in",
            "result-viewed",
        ]


class TestOneResult:
    def test_it_holds_what_the_page_shows(self, program: Client, diagnosis: Diagnosis, alice: User) -> None:
        review_add(user=alice, diagnosis=diagnosis, conclusion="unlikely", reason="An artefact.")
        outcome_add(user=alice, study=diagnosis.study, result="negative", sampled=timezone.localdate())
        found = program.get(f"{RESULTS}{diagnosis.uuid}/").json()
        assert found["review_state"] == "disagrees"
        assert found["outcome"] == {"result": "negative", "sampled": timezone.localdate().isoformat()}
        assert [(each["reviewer"], each["reason"]) for each in found["reviews"]] == [("Alice", "An artefact.")]
        assert found["study"]["sha256"] == diagnosis.study.sha256

    def test_it_is_recorded(self, program: Client, diagnosis: Diagnosis) -> None:
        program.get(f"{RESULTS}{diagnosis.uuid}/")
        entry = AuditEntry.objects.latest("sequence")
        assert (entry.action, entry.subject) == ("result-viewed", diagnosis.study.uuid)

    def test_where_that_fails_nothing_is_shown(
        self, program: Client, diagnosis: Diagnosis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_args: object, **_named: object) -> None:
            raise RuntimeError

        monkeypatch.setattr("audit.services._append", fail)
        answer = program.get(f"{RESULTS}{diagnosis.uuid}/")
        assert (answer.status_code, answer.json()["code"]) == (500, "fault")


class TestTheList:
    def test_every_filter_is_described(self) -> None:
        described = {parameter.name for parameter in FILTERS}
        assert described == {*ResultFilterForm.base_fields, "after", "before"}

    def test_filters_are_those_of_the_page(self, program: Client, engine: ToyEngine) -> None:
        low = send(program, radiograph_png(1), "b.png", reference="P-1").json()["result"]["uuid"]
        engine.probability = 0.9
        high = send(program, radiograph_png(2), "a.png", reference="P-2").json()["result"]["uuid"]
        assert uuids(program.get(RESULTS)) == [high, low]
        assert uuids(program.get(RESULTS, {"sort": "lowest"})) == [low, high]
        assert uuids(program.get(RESULTS, {"q": "p-1"})) == [low]
        assert uuids(program.get(RESULTS, {"low": "50"})) == [high]
        assert uuids(program.get(RESULTS, {"until": "2020-01-01"})) == []
        assert uuids(program.get(RESULTS, {"voided": "only"})) == []

    @pytest.mark.parametrize(
        ("asked", "field"),
        [({"since": "x"}, "since"), ({"low": "101"}, "low"), ({"sort": "x"}, "sort"), ({"by": "x"}, "by")],
    )
    def test_a_filter_that_makes_no_sense_is_named(self, program: Client, asked: dict[str, str], field: str) -> None:
        answer = program.get(RESULTS, asked)
        assert (answer.status_code, set(answer.json()["fields"])) == (422, {field})

    @pytest.mark.parametrize("place", ["x", "\0", "5954fab9-f0b1-40d3-8f45-5c3b281d5f70"])
    def test_a_place_that_is_none_is_404(self, program: Client, place: str) -> None:
        assert program.get(RESULTS, {"after": place}).status_code == 404

    @pytest.mark.parametrize("sort", ["newest", "oldest", "highest"])
    def test_its_pages_hold_every_row_once_and_lead_back(
        self, program: Client, alice: User, monkeypatch: pytest.MonkeyPatch, sort: str
    ) -> None:
        monkeypatch.setattr(search, "PAGE_ROWS", 2)
        made = [str(diagnosed(alice, seed).uuid) for seed in range(5)]
        pages = [program.get(RESULTS, {"sort": sort, "q": "chest"}).json()]
        while address := pages[-1]["next"]:
            pages.append(program.get(address).json())
        seen = [row["uuid"] for page in pages for row in page["results"]]
        assert (len(pages), sorted(seen)) == (3, sorted(made))
        assert pages[0]["previous"] is None
        assert program.get(pages[1]["previous"]).json()["results"] == pages[0]["results"]

    def test_days_are_those_of_the_persons_time_zone(self, alice: User, diagnosis: Diagnosis) -> None:
        User.objects.filter(pk=alice.pk).update(time_zone="Pacific/Kiritimati")  # 14 hours ahead
        noon = timezone.now().replace(hour=12)
        Diagnosis.objects.update(created=noon)
        tomorrow = (noon + timedelta(days=1)).date().isoformat()
        assert uuids(program_of(alice).get(RESULTS, {"since": tomorrow})) == [str(diagnosis.uuid)]


def test_a_refused_picture_is_stored_if_asked_for(program: Client, bob: User, charlie: User) -> None:
    strip = radiograph_png(width=900, height=160)
    answer = send(program, strip, store_without_answer="true", reference="A 17")
    body = answer.json()
    assert (answer.status_code, body["state"], body["code"], body["result"]) == (201, "stored", "strip", None)
    listed = program_of(bob).get("/api/studies/without-answer/").json()["studies"]
    assert [(study["uuid"], study["patient"]["reference"]) for study in listed] == [(body["study"]["uuid"], "A 17")]
    address = f"/api/studies/without-answer/{body['study']['uuid']}/"
    assert "strip" in program_of(bob).get(address).json()["refusal"]
    assert program_of(charlie).get(address).status_code == 404
