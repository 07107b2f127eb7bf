"""Radiographs and reports in a bucket of a real S3 server: stored, handed out, lost, refused, erased."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from diagnosis.files.erasing import files_erase
from diagnosis.files.faults import StorageFault
from diagnosis.models import Diagnosis, FileToErase, Report, Study, UploadRecord
from operations.checks import bucket_is_encrypted_on_the_way, files_through_nginx, storage_is_writable
from tests.buckets import client_of as s3
from tests.buckets import names_in, stored_in, versions_in
from tests.cast import client_of
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png, unanswered, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def denied(address: str, bucket: str, action: str, name: str = "*") -> None:
    """Whoever looks after the bucket forbids this much of it."""
    resource = f"arn:aws:s3:::{bucket}/{name}"
    statement = {"Effect": "Deny", "Principal": "*", "Action": f"s3:{action}", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3(address).put_bucket_policy(Bucket=bucket, Policy=policy)


def test_a_radiographs_life(
    client: Client, alice: User, engine: ToyEngine, s3_server: str, bucket: str, media_root: Path, tmp_path: Path
) -> None:
    """Uploaded, looked at, reported, exported, erased; and nothing on the disk."""
    picture = radiograph_png(width=2600, height=2000)
    assert upload(client, picture, reference="P-1").status_code == 302
    diagnosis = Diagnosis.objects.get()
    report = made(alice, diagnosis)
    folder = f"xray/radiographs/{diagnosis.study.uuid.hex[:2]}/{diagnosis.study.uuid}"
    copies = [f"{folder}/{name}" for name in ("display.jpg", "full.jpg", "original", "thumbnail.jpg")]
    assert names_in(s3_server, bucket) == [*copies, f"xray/{report.pdf.name}"]

    for name, kind in (("display", "image/jpeg"), ("full", "image/jpeg"), ("thumbnail", "image/jpeg")):
        answer = client.get(reverse(f"diagnosis:{name}", args=[diagnosis.study.uuid]))
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert "no-store" in answer["Cache-Control"]
        body = answer.getvalue()
        assert (int(answer["Content-Length"]), body[:2]) == (len(body), b"\xff\xd8")
    original = client.get(reverse("diagnosis:original", args=[diagnosis.study.uuid]))
    assert original.getvalue() == picture
    assert "attachment" in original["Content-Disposition"]
    assert client.get(reverse("diagnosis:samples", args=[diagnosis.study.uuid])).status_code == 200
    assert client.get(reverse("diagnosis:report-open", args=[report.uuid])).content[:5] == b"%PDF-"

    patient = diagnosis.study.patient
    assert patient
    call_command("export_patient", str(patient.uuid), "--to", str(tmp_path / "all.zip"), stdout=StringIO())
    call_command("erase_patient", str(patient.uuid), "--reason", "patient-request", "--yes", stdout=StringIO())
    assert names_in(s3_server, bucket) == []
    assert not media_root.exists()


def test_no_version_of_an_erased_file_stays(alice: User, engine: ToyEngine, s3_server: str, bucket: str) -> None:
    s3(s3_server).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    study = diagnosed(alice).study
    neighbour = default_storage.save(f"{study.original.name}-of-another", ContentFile(b"x"))
    default_storage.delete(f"{study.thumbnail.name}-never-there")
    call_command("erase_patient", str(study.uuid), "--reason", "legal-order", "--yes", stdout=StringIO())
    assert versions_in(s3_server, bucket) == [f"xray/{neighbour}"]


def test_half_a_radiograph_is_not_stored(client: Client, engine: ToyEngine, s3_server: str, bucket: str) -> None:
    """The bucket takes the file and refuses one of its copies."""
    denied(s3_server, bucket, "PutObject", "*/thumbnail.jpg")
    answer = upload(client, radiograph_png())
    assert answer.status_code == 503
    assert "its storage is not available" in " ".join(answer.content.decode().split())
    assert not Study.objects.exists()
    assert names_in(s3_server, bucket) == []
    s3(s3_server).delete_bucket_policy(Bucket=bucket)
    assert upload(client, radiograph_png()).status_code == 302


class Busy(BaseHTTPRequestHandler):
    """A storage that has too much to do."""

    def answer(self) -> None:
        body = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # GET, PUT, DELETE, HEAD
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_values: Any) -> None:
        """Nothing."""


class Silent(Busy):
    """A storage that takes what is asked and never answers."""

    def answer(self) -> None:
        self.close_connection = True
        self.server.woken.wait(20)  # type: ignore[attr-defined]


@pytest.fixture
def served() -> Iterator[Callable[[type[Busy]], str]]:
    """The address of a storage of that kind."""
    servers = list[ThreadingHTTPServer]()

    def start(kind: type[Busy]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        server.woken = threading.Event()  # type: ignore[attr-defined]
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.woken.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()


SENTENCES = {
    "gone": "The bucket no-such is not there",
    "refused": "The storage refuses access to the bucket {bucket}: its key, or what that may do, is not right",
    "busy": "The storage of the bucket {bucket} is too busy to answer",
    "silent": "The storage of the bucket {bucket} does not answer as it should",
    "away": "The storage of the bucket {bucket} does not answer as it should",
}


@pytest.fixture(params=SENTENCES)
def broken(
    request: pytest.FixtureRequest,
    diagnosis: Diagnosis,
    s3_server: str,
    bucket: str,
    settings: Settings,
    served: Callable[[type[Busy]], str],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A storage that worked until now, and the sentence that says why it does not any more."""
    monkeypatch.setattr("diagnosis.files.object_storage.ATTEMPTS", 1)
    match request.param:
        case "gone":
            stored_in(settings, s3_server, "no-such")
        case "refused":
            denied(s3_server, bucket, "*Object")
        case "busy":
            stored_in(settings, served(Busy), bucket)
        case "silent":
            monkeypatch.setattr("diagnosis.files.object_storage.READ_SECONDS", 0.2)
            stored_in(settings, served(Silent), bucket)
        case "away":
            stored_in(settings, "http://127.0.0.1:9", bucket)
    return SENTENCES[request.param].format(bucket=bucket)


@pytest.fixture
def diagnosis(bucket: str, alice: User, engine: ToyEngine) -> Diagnosis:
    return diagnosed(alice)


def test_what_a_broken_storage_says(
    broken: str, client: Client, diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture
) -> None:
    """To people 503 and what to do; to who looks after it what is wrong; and nothing is stored or lost."""
    with pytest.raises(StorageFault, match=broken):
        default_storage.save("radiographs/x", ContentFile(b"x"))
    client.raise_request_exception = False
    assert upload(client, radiograph_png(1)).status_code == 503
    assert client.get(reverse("diagnosis:display", args=[diagnosis.study.uuid])).status_code == 503
    assert [fault.msg for fault in storage_is_writable()] == [
        f"The bucket of STORAGE_S3_BUCKET cannot be used. {broken}."
    ]
    assert Study.objects.count() == 1

    with pytest.raises(CommandError, match="files could not be deleted yet"):
        call_command("erase_patient", str(diagnosis.study.uuid), "--reason", "other", "--yes", stdout=StringIO())
    assert FileToErase.objects.count() == 3


def test_a_nightly_purge_says_why_it_stops(
    diagnosis: Diagnosis,
    settings: Settings,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And of many files to be erased it tries one: a person may wait for that."""
    monkeypatch.setattr("diagnosis.files.object_storage.ATTEMPTS", 1)
    stored_in(settings, "http://127.0.0.1:9", bucket)
    FileToErase.objects.bulk_create([FileToErase(name="radiographs/x"), FileToErase(name="radiographs/y")])
    caplog.clear()
    assert files_erase() == 2
    assert [record.message.split()[2] for record in caplog.records if "erased" in record.message] == ["radiographs/x"]
    with pytest.raises(CommandError, match=f"^The storage of the bucket {bucket} does not answer .* run this again"):
        call_command("purge_expired", stdout=StringIO())


def test_whether_it_is_ready(
    client: Client, engine: ToyEngine, bucket: str, settings: Settings, s3_server: str
) -> None:
    assert client.get("/readyz").json()["storage"] == "ok"
    stored_in(settings, s3_server, "no-such")
    assert client.get("/readyz").json()["storage"] == "unavailable"


def test_a_lost_file(client: Client, diagnosis: Diagnosis, s3_server: str, bucket: str) -> None:
    s3(s3_server).delete_object(Bucket=bucket, Key=f"xray/{diagnosis.study.display.name}")
    answer = client.get(reverse("diagnosis:display", args=[diagnosis.study.uuid]))
    assert answer.status_code == 404
    assert "no longer in the storage" in " ".join(answer.content.decode().split())


def test_a_held_file_is_stored_by_a_click(client: Client, engine: ToyEngine, s3_server: str, bucket: str) -> None:
    """What the model refused waits in the bucket too."""
    upload(client, radiograph_png(width=900, height=160))
    record = UploadRecord.objects.get()
    assert names_in(s3_server, bucket) == [f"xray/{record.held.name}"]
    client.post(reverse("diagnosis:upload-held", args=[record.uuid]), {"do": "store"})
    study = Study.objects.get()
    folder = f"xray/{str(study.original.name).removesuffix('original')}"
    assert names_in(s3_server, bucket) == [f"{folder}{name}" for name in ("display.jpg", "original", "thumbnail.jpg")]
    for _ in range(2):  # the same file, opened again
        with study.original.open("rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_strays_go_after_a_day(
    diagnosis: Diagnosis, alice: User, engine: ToyEngine, s3_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(alice, diagnosis)
    before = names_in(s3_server, bucket)
    stray = unanswered(alice)
    stray.events.all().delete()
    Study.objects.filter(pk=stray.pk).delete()
    call_command("purge_expired", stdout=StringIO())
    assert len(names_in(s3_server, bucket)) == len(before) + 3
    day = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr("diagnosis.files.strays.timezone.now", lambda: day)
    call_command("purge_expired", stdout=StringIO())
    assert names_in(s3_server, bucket) == before
    assert Report.objects.count() == 1


def test_files_are_encrypted_and_no_one_elses(
    alice: User, engine: ToyEngine, s3_server: str, bucket: str, settings: Settings
) -> None:
    stored_in(settings, s3_server, bucket, ENCRYPTION="AES256")
    study = diagnosed(alice).study
    place = {"Bucket": bucket, "Key": f"xray/{study.original.name}"}
    assert s3(s3_server).head_object(**place)["ServerSideEncryption"] == "AES256"
    grants = s3(s3_server).get_object_acl(**place)["Grants"]
    assert {grant["Grantee"]["Type"] for grant in grants} == {"CanonicalUser"}


def test_a_bucket_that_strangers_read(s3_server: str, bucket: str) -> None:
    assert storage_is_writable() == []
    assert names_in(s3_server, bucket) == []
    resource = f"arn:aws:s3:::{bucket}/*"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3(s3_server).put_bucket_policy(Bucket=bucket, Policy=policy)
    assert [fault.msg for fault in storage_is_writable()] == [
        f"Anyone can read the bucket {bucket}: take public access away from it."
    ]


def test_what_the_settings_must_be(bucket: str, settings: Settings) -> None:
    assert bucket_is_encrypted_on_the_way() == []
    settings.STORAGE_S3_ENDPOINT = settings.JOBS_S3_ENDPOINT = "http://storage.example.org"
    settings.X_ACCEL_PREFIX, settings.BEHIND_PROXY = "/stored/", True
    said = [fault.msg for fault in (*bucket_is_encrypted_on_the_way(), *files_through_nginx())]
    assert said == [
        "STORAGE_S3_ENDPOINT must be an address that begins with https://.",
        "JOBS_S3_ENDPOINT must be an address that begins with https://.",
        "X_ACCEL_PREFIX must be empty with STORAGE_S3_BUCKET: nginx cannot read the bucket.",
    ]
