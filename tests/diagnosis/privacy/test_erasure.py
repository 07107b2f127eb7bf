"""Erasing a patient, keeping no longer than allowed, and handing out what is stored."""

import hashlib
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEntry
from audit.verification import verify
from diagnosis.models import Diagnosis, FileToErase, Patient, Report, Study
from diagnosis.privacy.erasure import Reason, study_erase
from diagnosis.reviews.services import outcome_add, review_add
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png, stored_files

CANARY = {"reference": "CANARY-1", "name": "Canary Jane", "notes": "canary cough"}


@pytest.fixture
def client(alice: User, engine: ToyEngine) -> Client:
    return client_of(alice)


@pytest.fixture
def patient(client: Client, alice: User) -> Patient:
    """With two studies: one has reviews, an outcome and two reports, one superseded."""
    for seed in range(2):
        file = SimpleUploadedFile("canary.png", radiograph_png(seed))
        client.post("/upload/", {"radiograph": file, **CANARY})
    diagnosis = Diagnosis.objects.order_by("pk")[0]
    review_add(user=alice, diagnosis=diagnosis, conclusion="unlikely", reason="canary has old scars")
    outcome_add(user=alice, study=diagnosis.study, result="positive", sampled=timezone.localdate())
    made(alice, diagnosis)
    made(alice, diagnosis)
    return Patient.objects.get()


def erase(patient: Patient, *more: str) -> None:
    call_command("erase_patient", str(patient.uuid), "--reason", "patient-request", "--yes", *more)


def every_row() -> str:
    """All that the database holds, as text."""
    rows = [list(model._base_manager.values()) for model in apps.get_models()]
    return json.dumps(rows, default=str).lower()


def test_nothing_of_the_patient_is_left(patient: Patient, bob: User, media_root: Path) -> None:
    other = diagnosed(bob, seed=5)
    assert "canary" in every_row()
    erase(patient)
    assert "canary" not in every_row()
    assert list(Study.objects.all()) == [other.study]
    assert {path.parent.name for path in stored_files(media_root)} == {str(other.study.uuid)}
    assert {path.name for path in media_root.glob("*/*/*")} == {str(other.study.uuid)}


def test_the_audit_keeps_the_fact_and_stays_whole(patient: Patient) -> None:
    before = AuditEntry.objects.filter(patient=patient.uuid).count()
    erase(patient)
    assert AuditEntry.objects.filter(patient=patient.uuid).count() == before + 1
    entry = AuditEntry.objects.latest("sequence")
    assert (entry.action, entry.subject) == ("patient-erased", patient.uuid)
    assert entry.detail == {"reason": "patient-request", "studies": 2, "reports": 2}
    verify()


def test_an_erased_report_verifies_as_erased(patient: Patient, stranger: Client) -> None:
    reports = list(Report.objects.all())
    erase(patient)
    for report in reports:
        text = stranger.get(f"/verify/{report.code}/").content.decode()
        assert "rased" in text
        assert report.sha256 in text
    assert not Report.objects.exists()


def test_its_pages_are_gone(patient: Patient, client: Client) -> None:
    diagnosis = Diagnosis.objects.order_by("pk")[0]
    original = f"/studies/{diagnosis.study.uuid}/original"
    erase(patient)
    for address in (patient.get_absolute_url(), diagnosis.get_absolute_url(), original):
        assert client.get(address).status_code == 404


def test_when_a_row_cannot_be_erased_nothing_is(
    patient: Patient, media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_values: object, **_named: object) -> None:
        raise RuntimeError

    files = sorted(stored_files(media_root))
    monkeypatch.setattr("diagnosis.privacy.erasure.patient_record", fail)
    with pytest.raises(RuntimeError):
        erase(patient)
    assert (Study.objects.count(), Report.objects.count(), FileToErase.objects.count()) == (2, 2, 0)
    assert sorted(stored_files(media_root)) == files


def test_an_undeletable_file_goes_later(patient: Patient, media_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise PermissionError

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "delete", refuse)
        with pytest.raises(CommandError, match="8 files could not be deleted yet"):
            erase(patient)
    assert "canary" not in every_row()
    assert len(stored_files(media_root)) == 8
    call_command("purge_expired")
    assert (stored_files(media_root), FileToErase.objects.count()) == ([], 0)


def test_a_study_without_a_patient_is_erased(client: Client, alice: User) -> None:
    """A study without a patient is erased by its own identifier."""
    study = diagnosed(alice).study
    call_command("erase_patient", str(study.uuid), "--reason", "uploaded-by-mistake", "--yes")
    assert not Study.objects.exists()
    assert AuditEntry.objects.latest("sequence").action == "study-erased"


def test_unknown_or_unconfirmed_erases_nothing(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not exist and what is not confirmed erases nothing."""
    with pytest.raises(CommandError, match="There is no patient"):
        call_command("erase_patient", str(uuid4()), "--reason", "other", "--yes")
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    with pytest.raises(CommandError, match="Nothing has been erased"):
        call_command("erase_patient", str(patient.uuid), "--reason", "other")
    assert Study.objects.count() == 2


class TestRetention:
    @pytest.fixture(autouse=True)
    def period(self, settings: Settings, patient: Patient) -> None:
        """One of the patient's two studies is too old."""
        settings.RETENTION_DAYS = 30
        self.old, self.new = Study.objects.order_by("pk")
        long_ago = timezone.now() - timedelta(days=31)
        Study.objects.filter(pk=self.old.pk).update(created=long_ago)
        Patient.objects.update(created=long_ago)

    def test_what_is_older_goes_and_the_rest_stays(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("purge_expired")
        assert list(Study.objects.all()) == [self.new]
        assert Patient.objects.count() == 1
        assert f"Erased study {self.old.uuid}" in capsys.readouterr().out

    def test_a_dry_run_says_so_and_erases_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("purge_expired", "--dry-run")
        out = capsys.readouterr().out
        assert f"Would erase study {self.old.uuid}" in out
        assert str(self.new.uuid) not in out
        assert Study.objects.count() == 2

    def test_the_patient_goes_with_the_last_study(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The patient goes with the last study and again does nothing."""
        Study.objects.update(created=timezone.now() - timedelta(days=31))
        call_command("purge_expired")
        assert "canary" not in every_row()
        capsys.readouterr()
        call_command("purge_expired")
        assert capsys.readouterr().out == ""

    def test_interrupted_it_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Study.objects.update(created=timezone.now() - timedelta(days=31))
        from diagnosis.privacy.retention import kept_since, purge

        next(purge(kept_since(30)))
        assert Study.objects.count() == 1
        call_command("purge_expired")
        assert not Study.objects.exists()

    def test_without_a_period_everything_is_kept(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        settings.RETENTION_DAYS = 0
        call_command("purge_expired")
        assert Study.objects.count() == 2
        assert "everything is kept" in capsys.readouterr().out


class TestExport:
    @pytest.fixture
    def archive(self, tmp_path: Path, patient: Patient) -> Path:
        call_command("export_patient", str(patient.uuid), "--to", tmp_path / "out.zip")
        return tmp_path / "out.zip"

    def test_it_holds_images_results_reviews_and_reports(self, archive: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            content = json.loads(opened.read("patient.json"))
            names = set(opened.namelist())
        assert content["patient"]["name"] == "Canary Jane"
        first = content["studies"][0]
        assert first["notes"] == "canary cough"
        assert first["results"][0]["probability"] == pytest.approx(0.31)
        assert first["results"][0]["reviews"][0]["reason"] == "canary has old scars"
        assert first["outcomes"][0]["result"] == "positive"
        for report in Report.objects.all():
            assert f"reports/{report.code}.pdf" in names
        for study in Study.objects.all():
            assert {f"studies/{study.uuid}/original.png", f"studies/{study.uuid}/display.jpg"} <= names

    def test_the_archive_has_files_and_hashes(self, archive: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            lines = opened.read("SHA256SUMS").decode().splitlines()
            for line in lines:
                digest, name = line.split("  ")
                assert hashlib.sha256(opened.read(name)).hexdigest() == digest
            study = Study.objects.order_by("pk")[0]
            assert opened.read(f"studies/{study.uuid}/original.png") == radiograph_png(0)
        assert len(lines) == len(opened.namelist()) - 1

    def test_only_its_owner_reads_it_and_it_is_recorded(self, archive: Path, patient: Patient) -> None:
        assert archive.stat().st_mode & 0o777 == 0o600
        entry = AuditEntry.objects.latest("sequence")
        assert (entry.action, entry.patient) == ("patient-exported", patient.uuid)

    def test_no_file_is_overwritten_and_none_left_behind(self, archive: Path, patient: Patient) -> None:
        before = archive.read_bytes()
        with pytest.raises(CommandError, match="there is such a file"):
            call_command("export_patient", str(patient.uuid), "--to", archive)
        assert archive.read_bytes() == before
        assert [path.name for path in archive.parent.glob("*.zip*")] == ["out.zip"]
        assert not list(archive.parent.glob(".*.part"))

    def test_a_lost_file_is_named(self, patient: Patient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        default_storage.delete(str(Study.objects.order_by("pk")[0].original.name))
        call_command("export_patient", str(patient.uuid), "--to", tmp_path / "lost.zip")
        assert "The storage has lost: studies/" in capsys.readouterr().err

    def test_somebody_elses_data_is_not_in_it(self, patient: Patient, bob: User, tmp_path: Path) -> None:
        diagnosed(bob, seed=9, name="somebody-else.png")
        call_command("export_patient", str(patient.uuid), "--to", tmp_path / "out.zip")
        with zipfile.ZipFile(tmp_path / "out.zip") as opened:
            assert "somebody-else" not in opened.read("patient.json").decode()


def test_the_full_size_copy_is_erased_too(alice: User, engine: ToyEngine, media_root: Path) -> None:
    content = radiograph_png(width=2600, height=2000)
    study = diagnosis_create(user=alice, content=content, file_name="large.png").diagnosis.study
    assert len(stored_files(media_root)) == 4
    study_erase(actor=alice, study=study, reason=Reason.REQUEST)
    assert stored_files(media_root) == []
