"""The site in containers, as docs/deployment.md starts it: a radiograph through nginx, and what the containers may do.

`make test-container` builds the images and sets TEST_CONTAINERS; without it nothing here runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack import MAKE_PEOPLE, PROJECT, Stack, until
from tests.chests import new_chest
from tests.jobs.made import zipped
from tests.password import PASSWORD

OURS = ("site", "jobs", "worker", "nginx")
OTHERS = ("database", "broker")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not os.environ.get("TEST_CONTAINERS"), reason="`make test-container` runs it"),
]


class Containers(Stack):
    """compose.yaml under podman. The folder has its settings, secrets and certificate."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, PASSWORD)
        ports = {"HTTP_PORT": str(self.http_port), "HTTPS_PORT": str(self.https_port)}
        self.environment = {**os.environ, "COVIDXRAY_CONTAINERS": str(folder / "containers"), **ports}

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout[-3000:]} {done.stderr[-3000:]}")
        return done.stdout

    def compose(self, *arguments: str) -> str:
        return self.run("scripts/containers", "compose", *arguments)

    def podman(self, *arguments: str) -> str:
        return self.run("scripts/containers", "podman", *arguments)

    def furnish(self) -> None:
        self.run("deploy/container/furnish", "localhost", str(self.https_port))
        made = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
        tls = self.folder / "containers" / "tls"
        files = ("-keyout", str(tls / "privkey.pem"), "-out", str(tls / "fullchain.pem"))
        self.run("openssl", "req", "-x509", *made, "-addext", "subjectAltName=DNS:localhost", *files)
        (tls / "privkey.pem").chmod(0o644)  # of the folder: only its owner enters
        (self.folder / "tls.crt").write_bytes((tls / "fullchain.pem").read_bytes())

    def start(self) -> None:
        # podman 4 cannot start what depends on a container that ended: all at once, and who is early starts again.
        self.compose("up", "--detach", "--no-deps")
        until(self._answers, "the site to answer through nginx")

    def inside(self, name: str, *command: str) -> str:
        return self.podman("exec", f"covidxray_{name}_1", *command)

    def manage(self, *arguments: str) -> str:
        return self.inside("site", "deploy/container/start", "manage", *arguments)

    def inspect(self, name: str) -> dict:
        return json.loads(self.podman("inspect", f"covidxray_{name}_1"))[0]


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    found = Containers(tmp_path_factory.mktemp("containers"))
    found.furnish()
    try:
        found.start()
        found.manage("shell", "-c", MAKE_PEOPLE.format(password=PASSWORD))
        yield found
    finally:
        found.compose("down", "--volumes")


def test_a_radiograph_through_nginx(containers: Containers) -> None:
    """Its answer, its picture from nginx, and the same after everything was taken down and started again."""
    alice, content = containers.signed_in("alice"), new_chest()
    answer = containers.upload(alice, content)
    assert answer.status_code == 201, answer.text
    page = alice.get(containers.url + answer.json()["result"])
    assert re.search(r"Positive|Negative|Indeterminate", page.text)
    study = re.search(r"/studies/([0-9a-f-]{36})/display\.jpg", page.text)
    assert study
    original = f"{containers.url}/studies/{study.group(1)}/original"
    assert alice.get(original).content == content
    assert alice.get(f"{containers.url}/readyz").json() == {"database": "ok", "storage": "ok", "model": "ok"}

    containers.compose("down")
    containers.start()
    assert containers.signed_in("alice").get(original).content == content


def test_a_job_in_the_worker(containers: Containers) -> None:
    """Handed out by one container over Redis, classified by another."""
    program = containers.visitor()
    token = program.post(f"{containers.url}/api/sign-in/", json={"username": "alice", "password": PASSWORD}).json()
    program.headers["Authorization"] = f"Bearer {token['token']}"
    archive = zipped({"one.png": new_chest(512), "two.png": new_chest(512), "a.txt": b"no radiograph"}).read()
    sent = {"source": "zip", "name": "Ward 3"}
    started = program.post(f"{containers.url}/api/jobs/", sent, files={"file": ("ward.zip", archive)})
    assert started.status_code == 201, started.text
    address = f"{containers.url}/api/jobs/{started.json()['uuid']}/"
    until(lambda: program.get(address).json()["state"] == "done", "the job to be done")
    found = program.get(address).json()
    assert [found[name] for name in ("radiographs", "done", "failed")] == [3, 3, 1]


def test_what_the_containers_may_do(containers: Containers) -> None:
    """No root, no rights of root, nothing to write to but volumes; health checks that tell."""
    for name in OURS:
        status = containers.inside(name, "cat", "/proc/1/status")
        user, rights = (re.findall(rf"^{field}:\s*(\w+)", status, re.MULTILINE)[0] for field in ("Uid", "CapBnd"))
        assert (user != "0", int(rights, 16)) == (True, 0), name
        with pytest.raises(RuntimeError, match="Read-only file system"):
            containers.inside(name, "touch", "/srv/covidxray/here")
    for name in ("site", "nginx"):
        containers.podman("healthcheck", "run", f"covidxray_{name}_1")
    with pytest.raises(RuntimeError, match="The site does not answer"):
        containers.inside("jobs", "python", "deploy/container/healthy.py")
    with pytest.raises(RuntimeError, match="Connection refused"):
        containers.podman(
            "run", "--rm", "--pull", "never", "localhost/covidxray-nginx", "deploy/container/nginx-answers"
        )


def test_secrets_and_ports_stay_inside(containers: Containers) -> None:
    """Secrets are in no environment, and only nginx is reached from outside."""
    secrets = [file.read_text() for file in (containers.folder / "containers" / "secrets").iterdir()]
    for name in (*OURS, *OTHERS):
        told = json.dumps(containers.inspect(name))
        assert [secret for secret in secrets if secret in told] == [], name
        published = containers.inspect(name)["HostConfig"]["PortBindings"]
        assert bool(published) == (name == "nginx"), name
    with pytest.raises(RuntimeError):
        containers.inside("nginx", "bash", "-c", "exec 3<>/dev/tcp/database/3306")
    containers.inside("site", "bash", "-c", "exec 3<>/dev/tcp/database/3306")
    assert "NOAUTH" in containers.inside("broker", "redis-cli", "ping")


def test_the_image_has_what_serves_only(containers: Containers) -> None:
    """Neither TensorFlow nor anything else that training needs, no tests, no settings of a checkout."""
    code = (
        "import importlib.util as u; print([n for n in ('tensorflow', 'keras', 'sklearn', 'tests') if u.find_spec(n)])"
    )
    assert containers.inside("site", "python", "-c", code).strip() == "[]"
    listed = containers.inside("site", "ls", "-A", "/srv/covidxray").split()
    assert {"manage.py", "models", "staticfiles"} <= set(listed)
    assert {".env", ".git", "tests", "media", "covidxray.sqlite3"} & set(listed) == set()
