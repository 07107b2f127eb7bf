"""Receiver, watcher, sender, site and archive are killed (-9) in the middle: nothing is lost and nothing is doubled.

TEST_PACS_INSTANCES=300 is the large run.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from django.utils import timezone
from pydicom.uid import UID

from tests.pacs.orthanc import USER, WORD, Orthanc, free_port, needed, running_orthanc
from tests.toy import write_toy_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

PROJECT = Path(__file__).resolve().parents[2]
INSTANCES = int(os.environ.get("TEST_PACS_INSTANCES", "30"))
BATCH = 10
STUDY, INSTANCE = "1.2.3", "1.2.826.0.1.3680043.8.498.7"
PERSON, WORD_OF_PERSON = "alice", "only-of-this-test-7"
ARCHIVE = "0b6e6c0a-52a5-4f0e-9d4c-6a1f4f1c0a11"
ROWS = """
from accounts.models import Institution, User
from pacs.models import Peer
place = Institution.objects.create(name="St. Anna")
User.objects.create_user("{person}", "alice@example.org", "{word}", institution=place, is_radiographer=True)
Peer.objects.create(institution=place, name="X", ae_title="XRAY1", address="127.0.0.1", may_store=True)
Peer.objects.create(uuid="{archive}", institution=place, name="A", ae_title="ORTHANC", address="127.0.0.1",
    port={port}, is_searched=True,
    dicomweb_url="{url}", changes_url="{changes}", credentials="ORTHANC", is_watched=True, returns="at-once")
"""


class Installation:
    """An installation in a folder of its own, on SQLite, with its commands as processes that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.site_port = folder, free_port(), free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        write_toy_model(folder / "models", "toy-1")
        (folder / "media").mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "covidxray.settings",
            "COVIDXRAY_ENV_FILE": "",
            "SECRET_KEY": "only-this-test-uses-it",
            "DEVELOPMENT": "True",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
            "MEDIA_ROOT": str(folder / "media"),
            "MODELS_DIR": str(folder / "models"),
            "INFERENCE_ENGINE": "toy",
            "PACS_INBOX": str(folder / "inbox"),
            "PACS_PORT": str(self.port),
            "PACS_WATCH_SECONDS": "1",
            "PACS_CREDENTIALS_ORTHANC": f"{USER}:{WORD}",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(PROJECT / "tests" / "pacs" / "toy_manage.py"), *arguments]

    def manage(self, *arguments: str) -> None:
        subprocess.run(self.command(*arguments), cwd=PROJECT, env=self.environment, check=True, capture_output=True)

    def start(self, name: str) -> None:
        command = self.gunicorn() if name == "site" else self.command(name)
        options: dict[str, Any] = {"cwd": PROJECT, "env": self.environment, "start_new_session": True}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log, **options)

    def gunicorn(self) -> list[str]:
        address = ["--bind", f"127.0.0.1:{self.site_port}", "--worker-class", "operations.connections.PatientWorker"]
        return [sys.executable, "-m", "gunicorn", "tests.pacs.toy_site", *address, "--threads", "4"]

    def kill(self, name: str) -> None:
        """With the processes that it has started, all of them at the same moment."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def asked(self, query: str) -> int:
        with sqlite3.connect(self.folder / "site.sqlite3", timeout=60) as connection:
            return int(connection.execute(query).fetchone()[0])

    def results(self) -> int:
        return self.asked("SELECT COUNT(*) FROM diagnosis_diagnosis")

    def received(self) -> int:
        return self.asked("SELECT COUNT(*) FROM pacs_instance WHERE way = 'store'")


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    made.manage("migrate", "--verbosity", "0")
    yield made
    for name in list(made.running):
        made.kill(name)


def small_chests(samples: Path, folder: Path, count: int) -> list[Path]:
    """Radiographs of one eighth of the sample's size, each with pixels and UIDs of its own, taken today."""
    folder.mkdir()
    dataset = pydicom.dcmread(samples / "RG1_UNCR.dcm")
    pixels = dataset.pixel_array[::8, ::8].copy()
    dataset.Rows, dataset.Columns = pixels.shape
    dark, bright = np.percentile(pixels, (10, 90))
    dataset.StudyDate = f"{timezone.localdate():%Y%m%d}"
    paths = []
    for number in range(count):
        pixels[0, :10] = [bright if number >> bit & 1 else dark for bit in range(10)]
        dataset.PixelData = pixels.astype(np.uint16).tobytes()
        instance, study = UID(f"{INSTANCE}.{number}"), f"{STUDY}.{number // 5}"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = instance
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, f"{study}.1"
        dataset.PatientID = f"P-{number // 5}"
        paths.append(folder / f"{number}.dcm")
        dataset.save_as(paths[-1])
    return paths


def until(condition: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def is_up(site: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(f"{site}/healthz", timeout=10).ok
    return False


def push(paths: list[Path], port: int) -> None:
    """As a device does: what was not acknowledged is sent again, the whole batch."""
    address = ["-aet", "XRAY1", "-aec", "COVIDXRAY", "127.0.0.1", str(port)]
    for first in range(0, len(paths), BATCH):
        command = ["storescu", "-xe", *address, *map(str, paths[first : first + BATCH])]
        while subprocess.run(command, capture_output=True, timeout=120, check=False).returncode:
            time.sleep(0.5)


class Person:
    """Alice, who fetches radiographs on the site's pages, and tries again where it is away."""

    def __init__(self, port: int) -> None:
        self.site = f"http://127.0.0.1:{port}"
        self.session = requests.Session()

    def sign_in(self) -> None:
        self.session.get(f"{self.site}/accounts/sign-in/", timeout=60)
        self._post("/accounts/sign-in/", username=PERSON, password=WORD_OF_PERSON)
        assert "sessionid" in self.session.cookies

    def fetch(self, number: int) -> None:
        study = f"/pacs/{ARCHIVE}/studies/{STUDY}.{number // 5}"
        while True:
            try:
                self._post(f"{study}/series/{STUDY}.{number // 5}.1/instances/{INSTANCE}.{number}/fetch/")
                return
            except requests.RequestException:
                time.sleep(0.5)

    def _post(self, path: str, **values: str) -> None:
        values["csrfmiddlewaretoken"] = str(self.session.cookies["csrftoken"])
        answer = self.session.post(self.site + path, values, timeout=120, allow_redirects=False)
        answer.raise_for_status()
        assert answer.status_code == 302, answer.text


def keep(paths: list[Path], orthanc: Orthanc, person: Person) -> None:
    """They come into the archive, and the person fetches every third of them."""
    for path in paths:
        while True:
            try:
                orthanc.keep(path.read_bytes())
                break
            except requests.RequestException:
                time.sleep(0.5)
        if int(path.stem) % 3 == 0:
            person.fetch(int(path.stem))


def test_nothing_is_lost_and_nothing_doubled(installation: Installation, dicom_samples: Path) -> None:
    needed("storescu")
    paths = small_chests(dicom_samples, installation.folder / "files", INSTANCES)
    half = len(paths) // 2
    with running_orthanc(installation.folder / "orthanc") as orthanc:
        values = {"port": orthanc.dicom_port, "url": orthanc.dicomweb_url, "changes": orthanc.url, "archive": ARCHIVE}
        installation.manage("shell", "-c", ROWS.format(**values, person=PERSON, word=WORD_OF_PERSON))
        installation.start("send_to_pacs")
        until(lambda: installation.asked("SELECT COUNT(*) FROM pacs_peer WHERE sends_from IS NOT NULL") == 1)
        for name in ("receive_dicom", "watch_pacs", "site"):
            installation.start(name)
        person = Person(installation.site_port)
        until(lambda: is_up(person.site), 120)
        person.sign_in()
        senders = [
            threading.Thread(target=push, args=(paths[:half], installation.port), daemon=True),
            threading.Thread(target=keep, args=(paths[half:], orthanc, person), daemon=True),
        ]
        for sender in senders:
            sender.start()
        until(lambda: installation.received() >= half // 3)
        installation.kill("receive_dicom")
        until(lambda: installation.results() >= INSTANCES // 10)
        installation.start("receive_dicom")
        installation.kill("watch_pacs")
        installation.start("watch_pacs")
        until(lambda: installation.results() >= INSTANCES // 5)
        installation.kill("site")
        installation.start("site")
        until(lambda: installation.results() >= INSTANCES // 4)
        orthanc.kill()
        orthanc.start()
        installation.kill("send_to_pacs")
        installation.start("send_to_pacs")
        for sender in senders:
            sender.join(1200)
            assert not sender.is_alive()
        until(lambda: installation.results() >= INSTANCES)
        push(paths[:BATCH], installation.port)  # a device that sends everything once more
        until(lambda: installation.asked("SELECT COUNT(*) FROM pacs_instance WHERE state = 'sent'") >= INSTANCES)
        assert orthanc.reports() == INSTANCES
    assert installation.results() == INSTANCES
    assert installation.asked("SELECT COUNT(DISTINCT study_id) FROM diagnosis_diagnosis") == INSTANCES
    assert installation.asked("SELECT COUNT(*) FROM pacs_instance") == INSTANCES
    assert installation.asked("SELECT COUNT(DISTINCT study_id) FROM pacs_instance") == INSTANCES
    assert installation.asked("SELECT COUNT(*) FROM audit_auditentry WHERE action = 'pacs-fetched'") >= half // 3
    left = [path for path in (installation.folder / "inbox").iterdir() if path.suffix != ".lock"]
    assert len(left) <= 2  # of what was killed while it wrote; swept a day later
