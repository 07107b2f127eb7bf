"""Jobs from their start to their end: sources, claims, failures, stopping, going on, trying again, deleting."""

import errno
import json
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from attempts.claims import LEASE
from audit.models import AuditEntry
from diagnosis.models import Diagnosis, Patient, Refusal
from diagnosis.privacy.erasure import Reason, patient_erase, study_erase
from diagnosis.privacy.export import patient_export
from diagnosis.uploads import services as uploads
from jobs.errors import JobRefused
from jobs.models import Item, Job
from jobs.rounds import Rounds
from jobs.services import (
    MOST_OPEN,
    NewJob,
    item_claim,
    job_delete,
    job_resume,
    job_retry,
    job_start,
    job_stop,
    jobs_expire,
)
from jobs.sources import folder
from tests.jobs.made import chests, states, worked_off, zip_job, zipped
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_dicom, radiograph_png


def test_a_zip_becomes_results(alice: User, engine: ToyEngine) -> None:
    repeated = diagnosed(alice, seed=1)
    job = worked_off(zip_job(alice, {**chests(3), "folder/notes.txt": b"no radiograph"}))
    assert (job.state, job.is_listed) == ("done", True)
    assert states(job) == ["done", "done", "done", "refused"]
    assert [item.outcome for item in job.items.order_by("pk")[:3]] == ["done", "repeat", "done"]
    assert job.items.get(name="chest-1.png").diagnosis == repeated
    refused = job.items.get(state="refused")
    assert (refused.name, refused.study) == ("notes.txt", None)
    assert refused.why
    assert Diagnosis.objects.filter(requested_by=alice).count() == 3
    assert Refusal.objects.count() == 1


def test_a_damaged_zip_says_why(alice: User, engine: ToyEngine) -> None:
    file = zipped(chests(2))
    file.truncate(300)
    job = worked_off(job_start(NewJob(alice, "x", Job.Source.ZIP, {}, file)))
    assert (job.state, job.reason) == ("stopped", "archive")
    assert "damaged" in job.why


def test_only_below_the_root(alice: User, engine: ToyEngine, settings: Settings, tmp_path: Path) -> None:
    """A folder of another institution, of the system, or behind a link is not there; nor is a file behind a link."""
    settings.JOBS_FOLDER = str(tmp_path / "root")
    mine = tmp_path / "root" / str(alice.institution.uuid)
    (mine / "ward").mkdir(parents=True)
    (tmp_path / "root" / "other").mkdir()
    (mine / "away").symlink_to("/etc")
    for asked in ("../other", "/etc", "away", "none", "\0"):
        with pytest.raises(JobRefused):
            folder.place_of(mine, asked)
    (mine / "ward" / "a.png").write_bytes(radiograph_png())
    (tmp_path / "secret.png").write_bytes(radiograph_png(1))
    (mine / "ward" / "b.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(mine / "ward" / "c.png")
    (mine / "ward" / ".hidden.png").write_bytes(radiograph_png(2))
    job = job_start(NewJob(alice, "x", Job.Source.FOLDER, folder.place_of(mine, "ward")))
    settings.JOBS_ATTEMPTS = 1
    worked_off(job)
    assert states(job) == ["done", "dead", "dead"]
    assert set(job.items.filter(state="dead").values_list("reason", flat=True)) == {"file-outside", "no-file"}


def test_a_file_that_is_no_text(alice: User, engine: ToyEngine, tmp_path: Path) -> None:
    """A name in another encoding than this server's is listed and read."""
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / os.fsdecode(b"r\xf6ntgen.png")).write_bytes(radiograph_png())
    job = worked_off(job_start(NewJob(alice, "x", Job.Source.FOLDER, folder.place_of(tmp_path, "ward"))))
    assert states(job) == ["done"]
    assert job.items.get().name.startswith("r")


def test_listed_twice_adds_nothing(alice: User, engine: ToyEngine) -> None:
    """A worker that was killed while it listed is followed by one that lists everything again."""
    job = zip_job(alice, chests(3))
    Rounds("a").list_next()
    Job.objects.filter(pk=job.pk).update(state="listing", is_listed=False, next_at=timezone.now())
    worked_off(job)
    assert states(job) == ["done"] * 3


def test_one_worker_has_an_item(alice: User, engine: ToyEngine) -> None:
    """A second message does nothing; the same one again takes its own lease over; a lease that is over is anybody's."""
    job = zip_job(alice, chests(1))
    Rounds("a").list_next()
    [pk] = job.items.values_list("pk", flat=True)
    assert item_claim(pk=pk, worker="a") is not None
    assert item_claim(pk=pk, worker="b", takes_over=True) is None
    again = item_claim(pk=pk, worker="a", takes_over=True)
    assert again is not None
    assert again.attempts == 2
    Item.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    assert item_claim(pk=pk, worker="b") is not None
    Item.objects.update(next_at=timezone.now() + LEASE)
    assert worked_off(job).state == "running"


def test_a_killed_worker_doubles_nothing(alice: User, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the result was stored and before the item said so: the next attempt finds the same result."""

    def killed(**_given: object) -> None:
        raise KeyboardInterrupt

    job = zip_job(alice, chests(1))
    with monkeypatch.context() as patch:
        patch.setattr("jobs.work.item_done", killed)
        with pytest.raises(KeyboardInterrupt):
            worked_off(job)
    assert Diagnosis.objects.count() == 1
    Item.objects.update(next_at=timezone.now())
    worked_off(job)
    item = job.items.get()
    assert (item.state, item.outcome, item.attempts) == ("done", "done", 2)
    assert Diagnosis.objects.count() == 1


def test_given_up_then_tried_again(alice: User, engine: ToyEngine, settings: Settings) -> None:
    engine.fault, settings.JOBS_ATTEMPTS = RuntimeError("the processor burns"), 2
    job = zip_job(alice, chests(2))
    worked_off(job)
    assert set(job.items.values_list("state", "reason", "attempts")) == {("waiting", "fault", 1)}
    Item.objects.update(next_at=timezone.now())
    assert worked_off(job).state == "done"
    assert states(job) == ["dead", "dead"]
    engine.fault = None
    assert job_retry(job=job, actor=alice) == 2
    assert worked_off(job).state == "done"
    assert states(job) == ["done", "done"]


def test_a_refusal_is_counted_once(alice: User, engine: ToyEngine) -> None:
    job = worked_off(zip_job(alice, {"a.txt": b"no radiograph"}))
    job_retry(job=job, actor=alice)
    worked_off(job)
    assert states(job) == ["refused"]
    assert Refusal.objects.count() == 1


def test_without_a_model_it_waits(alice: User, engine: ToyEngine, toy_models: Path) -> None:
    """A server without a model for a weekend gives nothing up."""
    choice = (toy_models / "current.json").read_text()
    (toy_models / "current.json").unlink()
    job = worked_off(zip_job(alice, chests(1)))
    item = job.items.get()
    assert (item.state, item.attempts, item.reason) == ("waiting", 0, "model-unavailable")
    (toy_models / "current.json").write_text(choice)
    Item.objects.update(next_at=timezone.now())
    assert worked_off(job).state == "done"


def test_stopped_and_gone_on(alice: User, engine: ToyEngine) -> None:
    job = zip_job(alice, chests(3))
    rounds = Rounds("a")
    assert rounds.list_next()
    assert rounds.work_next()
    job_stop(job=job, actor=alice)
    assert not rounds.work_next()
    assert states(job) == ["done", "waiting", "waiting"]
    job_resume(job=job, actor=alice)
    assert worked_off(job).state == "done"
    actions = AuditEntry.objects.filter(subject=job.uuid).order_by("sequence").values_list("action", flat=True)
    assert list(actions) == ["job-started", "job-stopped", "job-resumed"]


def test_a_full_disk_stops_it(alice: User, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    job = zip_job(alice, chests(2))
    with monkeypatch.context() as patch:
        patch.setattr(uploads, "store", full)
        worked_off(job)
    assert (job.state, job.reason) == ("stopped", "disk-full")
    assert set(job.items.values_list("state", "attempts")) == {("waiting", 0)}
    job_resume(job=job, actor=alice)
    assert worked_off(job).state == "done"


def test_nothing_in_the_name_of_the_suspended(alice: User, engine: ToyEngine) -> None:
    job = zip_job(alice, chests(2))
    rounds = Rounds("a")
    rounds.list_next()
    User.objects.filter(pk=alice.pk).update(is_active=False, status=User.Status.SUSPENDED)
    rounds.work_next()
    job.refresh_from_db()
    assert (job.state, job.reason) == ("stopped", "person-gone")
    assert Diagnosis.objects.count() == 0


def test_small_jobs_have_their_turn(alice: User, bob: User, engine: ToyEngine) -> None:
    large, small = zip_job(alice, chests(5)), zip_job(bob, chests(1, first=9))
    rounds = Rounds("a")
    while rounds.list_next():
        pass
    for _ in range(2):
        rounds.work_next()
    assert states(small) == ["done"]
    assert states(large).count("done") == 1


def test_an_erased_study_leaves_no_name(alice: User, engine: ToyEngine) -> None:
    job = worked_off(zip_job(alice, {"Jane Doe.png": radiograph_png()}))
    item = job.items.get()
    assert item.study is not None
    job.items.update(findings={"typical": 0.5})  # as a comparison of two versions keeps them
    study_erase(actor=alice, study=item.study, reason=Reason.REQUEST)
    item.refresh_from_db()
    assert (item.state, item.name, item.place, item.study, item.diagnosis) == ("erased", "", "", None, None)
    assert item.findings == {}
    assert job_retry(job=job, actor=alice) == 0


def test_a_patients_export_and_erasure(alice: User, engine: ToyEngine, dicom_samples: Path, tmp_path: Path) -> None:
    """Which job their radiograph was in, and under what name; and that is gone with the patient."""
    job = worked_off(zip_job(alice, {"Doe/Jane.dcm": radiograph_dicom(dicom_samples, PatientID="P-1")}))
    patient = Patient.objects.get()
    patient_export(actor=alice, patient=patient, to=tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        (study,) = json.loads(archive.read("patient.json"))["studies"]
    (line,) = study["item"]
    assert (line["job"], line["started_by"]) == (str(job.uuid), str(alice.uuid))
    assert (line["source"], line["state"], line["name"]) == ("zip", "done", "Jane.dcm")
    patient_erase(actor=alice, patient=patient, reason=Reason.REQUEST)
    assert list(job.items.values_list("state", "name", "place")) == [("erased", "", "")]


def test_deleted_with_its_archive(alice: User, engine: ToyEngine, settings: Settings) -> None:
    job = zip_job(alice, chests(1))
    with pytest.raises(JobRefused):
        job_delete(job=job, actor=alice)
    worked_off(job)
    job_delete(job=job, actor=alice)
    assert (Job.objects.count(), Item.objects.count(), Diagnosis.objects.count()) == (0, 0, 1)
    assert list(settings.JOBS_INBOX.glob("*.zip")) == []


def test_what_is_old_goes(alice: User, engine: ToyEngine, settings: Settings) -> None:
    """The archive of a job after a week, the job with its names after JOBS_KEPT_DAYS; one that runs stays."""
    done, running = worked_off(zip_job(alice, chests(1))), zip_job(alice, chests(1))
    week = timezone.now() - timedelta(days=7)
    Job.objects.update(changed=timezone.now() - timedelta(days=8))
    assert jobs_expire(files_before=week) == 0
    assert set(Job.objects.exclude(file="")) == {running}
    assert job_retry(job=done, actor=alice) == 0
    Job.objects.update(changed=timezone.now() - timedelta(days=settings.JOBS_KEPT_DAYS + 1))
    assert jobs_expire(files_before=week) == 1
    assert set(Job.objects.all()) == {running}


def test_not_too_many_at_once(alice: User) -> None:
    for _ in range(MOST_OPEN):
        zip_job(alice, {"a": b""})
    with pytest.raises(JobRefused):
        zip_job(alice, {"a": b""})


@pytest.mark.django_db(transaction=True)
def test_the_last_two_at_the_same_moment(alice: User, settings: Settings) -> None:
    """One place is left, and the archive of the one that gets none is not kept."""
    for _ in range(MOST_OPEN - 1):
        zip_job(alice, {"a": b""})
    start = threading.Barrier(2)

    def started(_number: int) -> bool:
        start.wait(20)
        try:
            zip_job(alice, {"a": b""})
        except JobRefused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(started, range(2))) == [False, True]
    assert Job.objects.count() == len(list(settings.JOBS_INBOX.iterdir())) == MOST_OPEN
