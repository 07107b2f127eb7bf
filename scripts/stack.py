"""The whole site as on a server, for tests and the benchmark: gunicorn behind nginx, started by deploy/run-local.

`Stack(folder, password, DATABASE_URL=...)` takes any setting; `start`, `stop`, `kill_worker` and the others do what
their names say. The parts are processes of their own: they share neither database nor settings with the tests.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 240
"""Seconds, on a machine that does a lot besides."""

MAKE_PEOPLE = """
from accounts.models import Institution, User
for name, hospital in (("alice", "St. Anna"), ("bob", "St. Anna"), ("charlie", "Elsewhere Clinic")):
    place, _ = Institution.objects.get_or_create(name=hospital)
    User.objects.create_user(name, name + "@example.org", {password!r}, institution=place, is_radiographer=True)
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a state, never for a time. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited for {what} in vain")
        time.sleep(0.1)


class Stack:
    """One installation below `folder`. Settings that are given here win over those of its file."""

    def __init__(self, folder: Path, password: str, **settings: str) -> None:
        self.folder = folder
        self.password = password
        self.https_port, self.http_port = free_port(), free_port()
        self.url = f"https://localhost:{self.https_port}"
        self.plain_url = f"http://localhost:{self.http_port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "COVIDXRAY_PYTHON": sys.executable,
            "MODELS_DIR": str(PROJECT / "models"),
            **settings,
        }
        self.log = folder / "site.log"
        self.is_furnished = False
        """Whether the folder has the database and static files of this version; set by the first start."""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Furnish where needed, start, and return when the site answers. Raises RuntimeError with what it said."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(PROJECT / "deploy" / "run-local"), str(self.folder), str(self.https_port), str(self.http_port)]
        furnished = {"COVIDXRAY_IS_FURNISHED": "yes"} if self.is_furnished else {}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment | furnished, stdout=log, stderr=log)
        try:
            until(lambda: self._answers() or not self.is_running, "the site to answer")
        except TimeoutError:
            self.stop()
            raise
        if not self.is_running:
            raise RuntimeError(self.log.read_text()[-2000:])
        self.is_furnished = True

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> int:
        """As systemd does, by SIGTERM. Returns the exit status."""
        if self.process is None:
            raise RuntimeError("the site was never started")
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill_worker(self) -> None:
        """SIGKILL to every worker; gunicorn starts new ones."""
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)

    @property
    def master(self) -> int:
        """The process that systemd would signal."""
        return int((self.folder / "gunicorn.pid").read_text())

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(pid) for pid in children.split()]

    def manage(self, *arguments: str) -> str:
        environment = self.environment | {"COVIDXRAY_ENV_FILE": str(self.folder / "covidxray.env")}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def make_people(self) -> None:
        """Alice and Bob of one hospital, Charlie of another; the password is that of the stack."""
        self.manage("shell", "-c", MAKE_PEOPLE.format(password=self.password))

    def visitor(self) -> requests.Session:
        """A client without anyone signed in."""
        session = requests.Session()
        session.trust_env = False  # no proxy, and no certificates but the one of this site
        session.verify = str(self.folder / "tls.crt")
        session.headers["Referer"] = f"{self.url}/"
        return session

    def signed_in(self, name: str) -> requests.Session:
        """A client in which the person is signed in."""
        session = self.visitor()
        address = f"{self.url}/accounts/sign-in/"
        session.get(address)
        form = {"username": name, "password": self.password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        answer = session.post(address, form, allow_redirects=False)
        if answer.status_code != 302:
            raise RuntimeError(answer.text)
        return session

    def upload(self, session: requests.Session, content: bytes, name: str = "chest.png") -> requests.Response:
        """Post a radiograph as the page's script does."""
        form = {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
        headers = {"Accept": "application/json"}
        return session.post(f"{self.url}/upload/", form, files={"radiograph": (name, content)}, headers=headers)

    def _answers(self) -> bool:
        try:
            return self.visitor().get(f"{self.url}/healthz").status_code == 200
        except (requests.ConnectionError, OSError):
            return False
