"""A worker's child, the worker, Redis, the database, what hands out and the site are killed (-9) amid a job.

All of them are real: Celery with two processes, Redis without any memory of its own, MariaDB, gunicorn.
"""

from __future__ import annotations

import importlib.util
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from scripts import with_mariadb
from scripts.stack import MAKE_PEOPLE, free_port
from tests.jobs.made import chests, zipped
from tests.password import PASSWORD
from tests.toy import write_toy_model

PROJECT = Path(__file__).resolve().parents[2]
ITEMS = int(os.environ.get("TEST_JOBS_ITEMS", "30"))
NEEDED = {"redis-server": shutil.which("redis-server"), "celery": importlib.util.find_spec("celery")}
MISSING = [name for name, found in NEEDED.items() if not found]
PATIENCE = 600.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(MISSING) and not os.environ.get("REQUIRE_REDIS"), reason=f"without {MISSING}"),
]


class Installation:
    """The parts of an installation as processes that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.redis_port, self.port = folder, free_port(), free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._database = ExitStack()
        write_toy_model(folder / "models", "toy-1")
        (folder / "db").mkdir()
        with_mariadb.create(folder / "db")
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "covidxray.settings",
            "COVIDXRAY_ENV_FILE": "",
            "SECRET_KEY": "only-this-test-uses-it",
            "DEVELOPMENT": "True",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": self.start_database(),
            "MEDIA_ROOT": str(folder / "media"),
            "MODELS_DIR": str(folder / "models"),
            "JOBS_INBOX": str(folder / "inbox"),
            "JOBS_ATTEMPTS": "20",
            "INFERENCE_ENGINE": "toy",
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{self.redis_port}/0",
        }
        redis = [
            "redis-server",
            "--port",
            str(self.redis_port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        site = [sys.executable, "-m", "gunicorn", "covidxray.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        self.commands = {
            "redis": redis,
            "site": [*site, "--worker-class", "operations.connections.PatientWorker", "--threads", "4"],
            "run_jobs": self.command("run_jobs"),
            "worker": self.command("worker"),
        }

    def start_database(self) -> str:
        """What is committed is on the disk: a killed server has lost nothing."""
        return self._database.enter_context(
            with_mariadb.running(self.folder / "db", "--innodb-flush-log-at-trx-commit=2")
        )

    def kill_database(self) -> None:
        os.kill(int((self.folder / "db" / "pid").read_text()), signal.SIGKILL)
        self._database.close()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(PROJECT / "tests" / "jobs" / "toy_manage.py"), *arguments]

    def manage(self, *arguments: str) -> None:
        subprocess.run(self.command(*arguments), cwd=PROJECT, env=self.environment, check=True, capture_output=True)

    def start(self, *names: str) -> None:
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    self.commands[name],
                    cwd=PROJECT,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """With all its children."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def kill_child(self, name: str) -> None:
        """Only the first of its children."""
        parent = self.running[name].pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)

    def asked(self, query: str) -> int:
        import MySQLdb

        socket = str(self.folder / "db" / "socket")
        connection = MySQLdb.connect(unix_socket=socket, user="root", database="covidxray")
        try:
            cursor = connection.cursor()
            cursor.execute(query)
            return int(cursor.fetchone()[0])
        finally:
            connection.close()

    def done(self) -> int:
        return self.asked("SELECT COUNT(*) FROM jobs_item WHERE state = 'done'")

    def close(self) -> None:
        for name in list(self.running):
            self.kill(name)
        self._database.close()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    assert not MISSING
    made = Installation(tmp_path)
    try:
        made.manage("migrate", "--verbosity", "0")
        made.manage("shell", "-c", MAKE_PEOPLE.format(password=PASSWORD))
        yield made
    finally:
        made.close()


def until(condition: Callable[[], bool], installation: Installation) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            logs = [(path.name, path.read_text()[-2000:]) for path in installation.folder.glob("*.log")]
            pytest.fail(f"waited in vain: {logs}")
        time.sleep(0.1)


def start_by_page(installation: Installation, archive: io.BytesIO) -> str:
    """Alice signs in and sends a ZIP; the address of her job."""
    session, url = requests.Session(), f"http://127.0.0.1:{installation.port}"
    session.trust_env = False
    until(lambda: answers(session, url), installation)
    session.get(f"{url}/accounts/sign-in/")
    form = {"username": "alice", "password": PASSWORD, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    assert session.post(f"{url}/accounts/sign-in/", form, allow_redirects=False).status_code == 302
    form = {"source": "zip", "name": "Ward 3", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    answer = session.post(f"{url}/jobs/", form, files={"file": ("ward.zip", archive)})
    found = re.search(r"/jobs/[0-9a-f-]{36}/", answer.url)
    assert found, answer.text
    return found[0]


def answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(f"{url}/healthz", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def test_nothing_is_lost_and_nothing_doubled(installation: Installation) -> None:
    installation.start("redis", "site", "run_jobs", "worker")
    start_by_page(installation, zipped(chests(ITEMS)))
    until(lambda: installation.done() >= ITEMS // 6, installation)
    installation.kill_child("worker")
    until(lambda: installation.done() >= ITEMS * 2 // 6, installation)
    installation.kill("worker")
    installation.start("worker")
    until(lambda: installation.done() >= ITEMS * 3 // 6, installation)
    installation.kill("redis")
    installation.start("redis")
    until(lambda: installation.done() >= ITEMS * 4 // 6, installation)
    installation.kill_database()
    installation.start_database()
    installation.kill("site")
    installation.start("site")
    until(lambda: installation.done() >= ITEMS * 5 // 6, installation)
    installation.kill("run_jobs")
    installation.start("run_jobs")
    until(lambda: installation.asked("SELECT COUNT(*) FROM jobs_job WHERE state = 'done'") == 1, installation)
    assert installation.done() == ITEMS
    assert installation.asked("SELECT COUNT(*) FROM jobs_item WHERE attempts > 1") > 0  # somebody was killed amid one
    assert installation.asked("SELECT COUNT(*) FROM jobs_item") == ITEMS
    assert installation.asked("SELECT COUNT(DISTINCT study_id) FROM jobs_item") == ITEMS
    assert installation.asked("SELECT COUNT(*) FROM diagnosis_diagnosis") == ITEMS
    assert installation.asked("SELECT COUNT(*) FROM diagnosis_study") == ITEMS
    assert installation.asked("SELECT COUNT(*) FROM jobs_item WHERE outcome <> 'done'") == 0
