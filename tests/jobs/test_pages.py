"""The pages of jobs: starting, progress, whose they are, what a blind reader sees, downloads."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import Action, AuditEntry
from jobs.models import Item, Job
from jobs.rounds import Rounds
from tests.cast import client_of
from tests.jobs.made import chests, states, worked_off, zip_job, zipped
from tests.toy import ToyEngine
from tests.uploads import radiograph_png


def started(user: User, **sent: object) -> int:
    status: int = client_of(user).post(reverse("jobs:jobs"), sent).status_code
    return status


def sent_zip(files: dict[str, bytes]) -> SimpleUploadedFile:
    return SimpleUploadedFile("ward 3.zip", zipped(files).read())


def downloaded(user: User, job: Job, form: str) -> str:
    answer = client_of(user).get(reverse("jobs:file", args=[job.uuid, form]))
    return answer.getvalue().decode()


def page(user: User, job: Job, **asked: str) -> str:
    return client_of(user).get(job.get_absolute_url(), asked).content.decode()


def test_started_watched_and_done(alice: User, engine: ToyEngine) -> None:
    assert started(alice, source="zip", file=sent_zip({**chests(2), "a.txt": b"no radiograph"})) == 302
    job = Job.objects.get()
    assert (job.name, job.person) == ("ward 3.zip", alice)
    assert "0 radiographs found so far" in page(alice, job)
    Rounds("a").list_next()
    asked = client_of(alice).get(job.get_absolute_url(), headers={"Accept": "application/json"}).json()
    assert asked == {"state": "running", "percent": 0, "text": "0 of 3 radiographs done."}
    worked_off(job)
    shown = page(alice, job)
    assert "3 of 3 radiographs done. 1 refused or given up." in shown
    assert shown.count("Open the result") == 2
    assert "Positive" in shown
    assert "chest-1.png" not in page(alice, job, show="failed")
    client_of(alice).post(reverse("jobs:retry", args=[job.uuid]))
    assert states(job) == ["done", "done", "waiting"]


def test_the_time_left(alice: User, engine: ToyEngine) -> None:
    job = zip_job(alice, chests(8))
    Rounds("a").list_next()
    for number, item in enumerate(job.items.order_by("pk")[:4]):
        when = timezone.now() - timedelta(seconds=360 - 60 * number)
        Item.objects.filter(pk=item.pk).update(state="done", changed=when)
    assert "60 in an hour, about 4 minutes left." in page(alice, job)


def test_no_worker_is_running(alice: User, engine: ToyEngine) -> None:
    job = zip_job(alice, chests(1))
    assert "No worker" not in page(alice, job)
    earlier = timezone.now() - timedelta(minutes=5)
    Job.objects.update(created=earlier, changed=earlier, next_at=earlier)
    assert "No worker seems to be running" in page(alice, job)


def test_no_one_else_has_it(alice: User, bob: User, charlie: User, dora: User, engine: ToyEngine) -> None:
    job = worked_off(zip_job(alice, chests(1)))
    for name in ("stop", "resume", "retry", "delete"):
        assert client_of(bob).post(reverse(f"jobs:{name}", args=[job.uuid])).status_code == 404
    for user, status in ((bob, 404), (charlie, 404), (dora, 403)):
        for address in (job.get_absolute_url(), reverse("jobs:file", args=[job.uuid, "csv"])):
            assert client_of(user).get(address).status_code == status
    assert "Ward 3" not in client_of(bob).get(reverse("jobs:jobs")).content.decode()
    assert "Ward 3" in client_of(alice).get(reverse("jobs:jobs")).content.decode()


def test_a_blind_reader_is_told_no_answer(alice: User, engine: ToyEngine) -> None:
    job = worked_off(zip_job(alice, chests(1)))
    User.objects.update(reads_blind=True)
    shown = page(alice, job)
    assert "Hidden until you have read it" in shown
    assert "Positive" not in shown
    for form in ("csv", "jsonl"):
        file = downloaded(alice, job, form)
        assert "Positive" not in file
        assert "0.31" not in file


def test_downloads(alice: User, engine: ToyEngine) -> None:
    job = worked_off(zip_job(alice, {"=cmd.png": radiograph_png(), "a.txt": b"no radiograph"}))
    done, refused = map(json.loads, downloaded(alice, job, "jsonl").splitlines())
    assert (done["file_name"], done["prediction"], done["model_version"]) == ("=cmd.png", "Positive", "toy-1")
    assert done["covid_probability"] == pytest.approx(0.31)
    assert (refused["state"], refused["prediction"]) == ("refused", None)
    assert refused["why"]
    assert "'=cmd.png,done" in downloaded(alice, job, "csv")
    entries = AuditEntry.objects.filter(action=Action.JOB_EXPORTED, subject=job.uuid)
    assert [entry.detail for entry in entries.order_by("sequence")] == [{"form": "jsonl"}, {"form": "csv"}]


@pytest.mark.parametrize(
    "sent",
    [
        {"source": "zip"},
        {"source": "zip", "file": SimpleUploadedFile("a.zip", b"no ZIP")},
        {"source": "folder", "folder": "."},
        {"source": "archive", "since": "2026-01-01", "until": "2026-01-02"},
        {"source": "comparison"},
        {},
    ],
    ids=["no file", "no ZIP", "no folder here", "no archive here", "comparison", "nothing"],
)
def test_what_cannot_be_started(sent: dict[str, object], alice: User) -> None:
    assert started(alice, **sent) == 422
    assert Job.objects.count() == 0


def test_a_folder_of_the_institution(
    alice: User, charlie: User, engine: ToyEngine, settings: Settings, tmp_path: Path
) -> None:
    settings.JOBS_FOLDER = str(tmp_path / "root")
    mine = tmp_path / "root" / str(alice.institution.uuid) / "ward"
    mine.mkdir(parents=True)
    (mine / "a.png").write_bytes(radiograph_png())
    assert started(alice, source="folder", folder="ward") == 302
    assert started(alice, source="folder", folder="..") == 422
    assert started(charlie, source="folder", folder="ward") == 422
    assert states(worked_off(Job.objects.get())) == ["done"]


def test_stored_radiographs_again(alice: User, bob: User, charlie: User, engine: ToyEngine, toy_models: Path) -> None:
    """By a version that is served now: those of the institution, once, and their earlier answers stay."""
    from diagnosis.inference.artifacts import set_current_version
    from tests.toy import write_toy_model
    from tests.uploads import diagnosed

    mine, theirs = diagnosed(alice), diagnosed(charlie, seed=1)
    write_toy_model(toy_models, "toy-2", weights_sha256="cd" * 32)
    set_current_version(toy_models, "toy-2")
    engine.probability = 0.1
    for _ in range(2):
        assert started(bob, source="studies") == 302
        job = worked_off(Job.objects.latest("pk"))
    assert states(job) == []
    answers = mine.study.diagnoses.order_by("pk").values_list("model_version__version", "prediction")
    assert list(answers) == [("toy-1", "Positive"), ("toy-2", "Negative")]
    assert theirs.study.diagnoses.count() == 1
