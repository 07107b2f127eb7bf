"""A job of an S3 prefix, from a real server (moto) over HTTP: by the command, by the page and the API."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from diagnosis.models import Study
from jobs.models import Item, Job
from jobs.services import NewJob, job_retry, job_start
from tests.api.programs import program_of
from tests.buckets import client_of as s3
from tests.buckets import stored_in
from tests.cast import client_of
from tests.jobs.made import chests, states, worked_off, zip_job
from tests.jobs.test_commands import classified
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png


@pytest.fixture
def films(s3_server: str, settings: Settings) -> Any:
    """What stores an object of that name in a bucket that jobs may read."""
    settings.JOBS_S3_ENDPOINT = s3_server
    settings.JOBS_S3_KEY, settings.JOBS_S3_SECRET = "key", "secret"
    name = f"films-{uuid4().hex[:8]}"
    s3(s3_server).create_bucket(Bucket=name)
    return name


def stored(address: str, bucket: str, name: str, content: bytes) -> None:
    s3(address).put_object(Bucket=bucket, Key=name, Body=content)


def test_a_prefix(alice: User, engine: ToyEngine, s3_server: str, films: str, settings: Settings) -> None:
    """What is below it, and nothing else; a storage that is away is tried again."""
    for name, content in chests(3).items():
        stored(s3_server, films, f"ward-3/{name}", content)
    stored(s3_server, films, "ward-3/.hidden.png", b"x")
    stored(s3_server, films, "ward-4/other.png", b"x")
    classified(f"s3://{films}/ward-3/")
    job = Job.objects.get()
    assert states(job) == ["done"] * 3
    assert list(job.items.order_by("pk").values_list("name", flat=True)) == sorted(chests(3))

    s3(s3_server).delete_object(Bucket=films, Key="ward-3/chest-0.png")
    job.items.update(state="dead", attempts=5)
    job_retry(job=job, actor=alice)
    worked_off(job)
    assert sorted(job.items.values_list("state", "reason")) == [("done", ""), ("done", ""), ("waiting", "s3-gone")]
    settings.JOBS_S3_ENDPOINT = "http://127.0.0.1:9"
    job.items.update(state="dead", attempts=5)
    job_retry(job=job, actor=alice)
    worked_off(job)
    assert set(job.items.values_list("state", "reason")) == {("waiting", "s3-away")}


def started(person: User, **sent: str) -> int:
    return int(client_of(person).post(reverse("jobs:jobs"), {"name": "Ward 3", "source": "s3", **sent}).status_code)


def test_people_read_below_their_place(
    alice: User, charlie: User, engine: ToyEngine, s3_server: str, films: str, settings: Settings
) -> None:
    """Of their institution, where an administrator has named a root; never another storage, bucket or institution."""
    for person, seed in ((alice, 0), (charlie, 1)):
        stored(s3_server, films, f"new/{person.institution.uuid}/ward/a.png", radiograph_png(seed))
    stored(s3_server, films, f"new/{alice.institution.uuid}/ward-4/a.png", radiograph_png(2))
    assert started(alice, storage_folder="ward") == 422
    settings.JOBS_S3_ROOT = f"{films}/new"
    page = client_of(alice).get(reverse("jobs:jobs")).content.decode()
    assert "Below the place in the storage" in page
    assert s3_server not in page
    for folder in ("..", f"../{charlie.institution.uuid}", "ward//x", "./ward"):
        assert started(alice, storage_folder=folder) == 422
    answer = program_of(alice).post("/api/jobs/", {"source": "s3", "storage_folder": "ward", "place": "s3://other/"})
    assert (answer.status_code, answer.json()["source"]) == (201, "s3")
    assert (
        started(alice, storage_folder=f"/new/{charlie.institution.uuid}/ward") == 302
    )  # below their own: nothing is there
    jobs = [worked_off(job) for job in Job.objects.order_by("pk")]
    assert [states(job) for job in jobs] == [["done"], []]
    study = Study.objects.get()
    assert (study.institution, study.file_name) == (alice.institution, "a.png")


@pytest.mark.django_db(transaction=True)
def test_the_sites_own_bucket_is_away(
    alice: User, engine: ToyEngine, s3_server: str, bucket: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is given up: the radiographs wait until it is there again, those that are classified again, too."""
    monkeypatch.setattr("diagnosis.files.object_storage.ATTEMPTS", 1)
    study = diagnosed(alice).study
    stored_in(settings, "http://127.0.0.1:9", bucket)
    again = job_start(NewJob(person=alice, name="Again", source=Job.Source.STUDIES, place={}, version="toy-2"))
    jobs = [worked_off(zip_job(alice, chests(1, first=1))), worked_off(again)]
    for job in jobs:
        assert job.items.values_list("state", "reason", "attempts").get() == ("waiting", "storage-away", 0)
    stored_in(settings, s3_server, bucket)
    Item.objects.update(next_at=timezone.now())
    assert [states(worked_off(job)) for job in jobs] == [["done"], ["done"]]
    assert set(Study.objects.values_list("pk", flat=True)) > {study.pk}


def test_no_storage_is_set_up(alice: User) -> None:
    with pytest.raises(CommandError, match="JOBS_S3_ENDPOINT"):
        classified("s3://films/ward-3/")
