"""A job of an S3 prefix, from a real server (moto) over HTTP."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from accounts.models import User
from jobs.models import Job
from jobs.services import job_retry
from jobs.sources import s3
from scripts.stack import free_port, until
from tests.jobs.made import chests, states, worked_off
from tests.jobs.test_commands import classified
from tests.toy import ToyEngine

minio = pytest.importorskip("minio")
SERVER = Path(sys.prefix) / "moto" / "bin" / "moto_server"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not SERVER.exists() and not os.environ.get("REQUIRE_REDIS"), reason="moto's server is not installed"
    ),
]


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    port = free_port()
    settings.JOBS_S3_ENDPOINT = f"http://127.0.0.1:{port}"
    settings.JOBS_S3_KEY, settings.JOBS_S3_SECRET = "key", "secret"
    with (tmp_path / "moto.log").open("wb") as log:
        process = subprocess.Popen([SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    until(lambda: "Running on" in (tmp_path / "moto.log").read_text(), "moto")
    yield process
    process.kill()
    process.wait()


def stored(name: str, content: bytes) -> None:
    s3._client().put_object("films", name, io.BytesIO(content), len(content))


def test_a_prefix(alice: User, engine: ToyEngine, server: subprocess.Popen[bytes]) -> None:
    """What is below it, and nothing else; a storage that is away is tried again."""
    s3._client().make_bucket("films")
    for name, content in chests(3).items():
        stored(f"ward-3/{name}", content)
    stored("ward-3/.hidden.png", b"x")
    stored("ward-4/other.png", b"x")
    classified("s3://films/ward-3/")
    job = Job.objects.get()
    assert states(job) == ["done"] * 3
    assert list(job.items.order_by("pk").values_list("name", flat=True)) == sorted(chests(3))

    s3._client().remove_object("films", "ward-3/chest-0.png")
    job.items.update(state="dead", attempts=5)
    job_retry(job=job, actor=alice)
    worked_off(job)
    assert sorted(job.items.values_list("state", "reason")) == [("done", ""), ("done", ""), ("waiting", "s3-gone")]
    server.kill()
    server.wait()
    job.items.update(state="dead", attempts=5)
    job_retry(job=job, actor=alice)
    worked_off(job)
    assert set(job.items.values_list("state", "reason")) == {("waiting", "s3-away")}


def test_no_storage_is_set_up(alice: User) -> None:
    with pytest.raises(CommandError, match="JOBS_S3_ENDPOINT"):
        classified("s3://films/ward-3/")
