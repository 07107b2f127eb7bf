"""`classify_archive` from its first call to its end, and `run_jobs` as a process."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from diagnosis.models import Diagnosis
from jobs import work
from jobs.models import Job
from tests.jobs.made import chests, states, zipped
from tests.toy import ToyEngine


def classified(source: Path | str, *arguments: str) -> str:
    out = io.StringIO()
    call_command("classify_archive", str(source), "--job", "Ward 3", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def ward(folder: Path, number: int) -> Path:
    ward = folder / "ward"
    ward.mkdir()
    for name, content in chests(number).items():
        (ward / name).write_bytes(content)
    return ward


def test_a_folder_and_a_zip(alice: User, engine: ToyEngine, tmp_path: Path) -> None:
    lines = classified(ward(tmp_path, 2), "--format", "jsonl").splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == ["Positive", "Positive"]
    (tmp_path / "more.zip").write_bytes(zipped(chests(3)).read())
    classified(tmp_path / "more.zip")
    assert Diagnosis.objects.filter(requested_by=alice).count() == 3
    assert list(Job.objects.order_by("pk").values_list("source", "state")) == [("folder", "done"), ("zip", "done")]


def test_interrupted_then_goes_on(
    alice: User, engine: ToyEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C, then the same command again: it goes on with what is left, at once."""
    folder, treat, begun = ward(tmp_path, 3), work.treat, []

    def interrupted(item: object) -> None:
        begun.append(item)
        if len(begun) == 2:
            raise KeyboardInterrupt
        treat(item)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "treat", interrupted)
    with pytest.raises(KeyboardInterrupt):
        classified(folder)
    assert states(Job.objects.get()) == ["done", "waiting", "waiting"]
    classified(folder)
    assert states(Job.objects.get()) == ["done", "done", "done"]


def test_a_refused_one_fails_the_command(alice: User, engine: ToyEngine, tmp_path: Path) -> None:
    (ward(tmp_path, 1) / "notes.txt").write_text("no radiograph")
    with pytest.raises(SystemExit):
        classified(tmp_path / "ward")


def test_whose_they_are_must_be_said(alice: User, bob: User, engine: ToyEngine, tmp_path: Path) -> None:
    folder = ward(tmp_path, 1)
    for arguments in ((), ("--as", "nobody")):
        with pytest.raises(CommandError):
            classified(folder, *arguments)
    classified(folder, "--as", "Bob", "--background")
    assert Job.objects.get().person == bob
    with pytest.raises(CommandError):
        classified("dicomweb+https://elsewhere.example.org/dicom-web?days=20260101-20260102", "--as", "alice")


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    return process.stderr.readline()


def test_the_worker_ends_when_asked(tmp_path: Path, project: Path) -> None:
    """SIGTERM ends it, a second one of its name is refused, and it ends with the process that started it."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "covidxray.settings",
        "COVIDXRAY_ENV_FILE": "",
        "SECRET_KEY": "only-this-test-uses-it",
        "DEVELOPMENT": "True",
        "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
        "JOBS_INBOX": str(tmp_path / "inbox"),
    }
    options: dict[str, Any] = {"cwd": project, "env": environment, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "manage.py", "run_jobs"]
    with subprocess.Popen(command, **options) as first:  # its database has no tables, which it waits for
        assert "working on jobs" in line_of(first)
        assert "lacks tables of this version: run `manage.py migrate`" in line_of(first)
        second = subprocess.run(command, check=False, **options)
        assert "choose another --worker" in second.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 0
        assert first.stderr
        assert first.stderr.read() == ""
    shell = f"{sys.executable} manage.py run_jobs --with-parent & exec sleep 600"
    with subprocess.Popen(["/bin/sh", "-c", shell], **options) as parent:
        assert "working on jobs" in line_of(parent)
        parent.kill()
        assert parent.stderr
        parent.stderr.read()  # until the worker has closed it, too
