"""What the audit records, of pages and forms as people use them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.services import person_close, person_reactivate, person_suspend
from audit import services
from audit.models import AuditEntry
from audit.verification import verify
from diagnosis.models import Diagnosis, Patient, Study
from tests.cast import PASSWORD, client_of
from tests.diagnosis.patients.test_matching import form_values
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine, write_toy_model
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png, stored_files, upload

SIGN_IN = "/accounts/sign-in/"


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))


def since(number: int) -> list[str]:
    return actions()[number:]


def newest(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("sequence")


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine, dicom_samples: Path) -> Diagnosis:
    content = radiograph_dicom(dicom_samples, PatientID="CANARY-7", PatientName="Canary^Jane")
    upload(client_of(alice), content, "canary.dcm")
    return Diagnosis.objects.get()


@pytest.fixture
def client(alice: User, diagnosis: Diagnosis) -> Client:
    return client_of(alice)


class TestSigningIn:
    def sign_in(self, client: Client, username: str, password: str) -> None:
        client.post(SIGN_IN, {"username": username, "password": password})

    def test_in_and_out(self, stranger: Client, alice: User) -> None:
        self.sign_in(stranger, "alice", PASSWORD)
        stranger.post("/accounts/sign-out/")
        assert actions() == ["signed-in", "signed-out"]
        entry = newest("signed-in")
        assert (entry.actor, entry.institution) == (alice.uuid, alice.institution.uuid)
        assert entry.detail == {"second_factor": False}

    def test_failures_and_the_lock_out_once(self, stranger: Client, alice: User, settings: Settings) -> None:
        settings.AXES_FAILURE_LIMIT = 2
        for _ in range(4):
            self.sign_in(stranger, "alice", "wrong")
        assert actions() == ["sign-in-failed", "sign-in-failed", "locked-out"]
        assert (newest("locked-out").actor, newest("locked-out").subject) == (None, alice.uuid)

    def test_a_typed_name_is_counted_not_kept(self, stranger: Client, db: None) -> None:
        for name in ("canary password", "Canary Password", "another"):
            self.sign_in(stranger, name, "x")
        hashes = [entry.detail["name"] for entry in AuditEntry.objects.order_by("sequence")]
        assert hashes[0] == hashes[1] != hashes[2]
        assert "canary" not in str(list(AuditEntry.objects.values())).lower()

    def test_no_sign_in_without_an_entry(self, stranger: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("accounts.audit_records.record", _fail)
        self.sign_in(stranger, "alice", PASSWORD)
        assert "_auth_user_id" not in stranger.session

    def test_signing_out_always_works(self, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        client = client_of(alice)
        monkeypatch.setattr("accounts.audit_records.record", _fail)
        client.post("/accounts/sign-out/")
        assert "_auth_user_id" not in client.session


def _fail(*_args: Any, **_named: Any) -> None:
    raise RuntimeError("the audit cannot be written")


def test_accounts(alice: User, dora: User) -> None:
    person_suspend(actor=dora, person=alice, reason="Canary sentence")
    person_reactivate(actor=dora, person=alice, reason="back")
    person_close(actor=None, person=alice, reason="left")
    assert actions() == ["account-suspended", "account-reactivated", "account-closed"]
    entry = newest("account-suspended")
    assert (entry.actor, entry.subject, entry.subject_kind, entry.detail) == (dora.uuid, alice.uuid, "user", {})
    assert newest("account-closed").actor is None


def test_an_upload_and_the_first_answer_of_a_model(diagnosis: Diagnosis, alice: User) -> None:
    assert actions() == ["signed-in", "study-uploaded", "model-first-used", "study-classified"]
    study = Study.objects.get()
    entry = newest("study-classified")
    assert study.patient
    assert (entry.actor, entry.subject, entry.patient) == (alice.uuid, study.uuid, study.patient.uuid)
    assert entry.detail == {"result": str(diagnosis.uuid), "model": "toy-1"}


def test_a_refused_upload(client: Client) -> None:
    upload(client, b"not an image")
    assert newest("upload-refused").detail["reason"]


def test_a_page_is_one_view_with_all_its_pictures(client: Client, diagnosis: Diagnosis, alice: User) -> None:
    start = len(actions())
    client.get(diagnosis.get_absolute_url())
    for name in ("display.jpg", "full.jpg", "thumbnail.jpg"):
        client.get(f"/studies/{diagnosis.study.uuid}/{name}").getvalue()
    client.get(f"{diagnosis.get_absolute_url()}heat-map.png")
    assert since(start) == ["result-viewed"]
    assert newest("result-viewed").patient == Patient.objects.get().uuid


def test_a_picture_without_its_page_is_a_view(bob: User, diagnosis: Diagnosis) -> None:
    client, start = client_of(bob), len(actions())
    for name in ("display.jpg", "full.jpg"):
        client.get(f"/studies/{diagnosis.study.uuid}/{name}").getvalue()
    assert since(start) == ["image-viewed"]
    assert newest("image-viewed").actor == bob.uuid


def test_what_a_stranger_is_refused_is_no_view(charlie: User, diagnosis: Diagnosis) -> None:
    client, start = client_of(charlie), len(actions())
    client.get(diagnosis.get_absolute_url())
    client.get(f"/studies/{diagnosis.study.uuid}/original")
    assert since(start) == []


def test_patients_files_exports_and_additions(client: Client, diagnosis: Diagnosis) -> None:
    patient, study, result = Patient.objects.get(), diagnosis.study.uuid, diagnosis.get_absolute_url()
    start = len(actions())
    client.get(patient.get_absolute_url())
    client.get(f"/studies/{study}/original").getvalue()
    client.get("/results/export.csv", {"q": "canary"}).getvalue()
    client.post(f"{result}review/", {"review-conclusion": "likely"})
    client.post(
        f"{result}outcome/", {"outcome-result": "positive", "outcome-sampled": "2026-01-05", "outcome-sure": "on"}
    )
    client.post(f"/studies/{study}/void/", {"reason": "Canary typed this"})
    client.post(f"/studies/{study}/restore/", {"reason": "Canary typed this"})
    edit = f"/patients/{patient.uuid}/edit/"
    client.post(edit, {**form_values(client, edit), "reference": "CANARY-8"})
    assert since(start) == [
        "patient-viewed",
        "original-downloaded",
        "results-exported",
        "study-reviewed",
        "study-outcome",
        "study-voided",
        "study-restored",
        "patient-viewed",
        "patient-edited",
    ]
    assert newest("patient-edited").detail == {"fields": ["reference"]}


def test_reports(client: Client, diagnosis: Diagnosis, alice: User) -> None:
    report = made(alice, diagnosis)
    start = len(actions())
    client.get(report.get_absolute_url())
    client.get(f"{report.get_absolute_url()}pages/1.png")
    for _ in range(2):
        client.get(f"{report.get_absolute_url()}download")
    assert actions()[start - 1 :] == ["report-made", "report-viewed", "report-opened", "report-opened"]


def test_the_model_that_is_served(db: None, toy_models: Path) -> None:
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    call_command("use_model", "toy-1")
    assert newest("model-chosen").detail == {"version": "toy-1", "weights": "ab" * 32}


def test_a_patients_name_reaches_no_entry(client: Client, diagnosis: Diagnosis) -> None:
    test_patients_files_exports_and_additions(client, diagnosis)
    assert "canary" not in json.dumps(list(AuditEntry.objects.values()), default=str).lower()
    assert verify().sequence == len(actions())


@pytest.mark.usefixtures("diagnosis")
class TestWhereTheAuditCannotBeWritten:
    """Neither is anything shown nor anything changed."""

    @pytest.fixture(autouse=True)
    def broken(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "_append", _fail)

    def test_no_page_and_no_file(self, client: Client, diagnosis: Diagnosis) -> None:
        study = diagnosis.study
        patient = Patient.objects.get()
        for address in (
            diagnosis.get_absolute_url(),
            patient.get_absolute_url(),
            f"/studies/{study.uuid}/display.jpg",
            f"/studies/{study.uuid}/original",
            "/results/export.csv",
        ):
            assert client.get(address).status_code == 500, address

    def test_no_upload_and_no_change(self, client: Client, diagnosis: Diagnosis, media_root: Path) -> None:
        files = len(stored_files(media_root))
        assert upload(client, radiograph_png(7)).status_code == 500
        client.post(f"/studies/{diagnosis.study.uuid}/void/", {"reason": "x"})
        assert (Study.objects.count(), Study.objects.get().voided) == (1, None)
        assert len(stored_files(media_root)) == files


def test_the_chain_is_locked_late(alice: User, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def noting(name: str, function: Any) -> Any:
        def noted(argument: Any) -> Any:
            order.append(name)
            return function(argument)

        return noted

    monkeypatch.setattr(engine, "run", noting("model", engine.run))
    monkeypatch.setattr(services, "_append", noting("chain", services._append))
    diagnosed(alice)
    assert order == ["model", "chain"]
