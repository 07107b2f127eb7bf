"""Restoring that fails in the middle: the machine is as empty as before, and a second try succeeds."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from accounts.models import User
from audit.verification import verify
from backup import restoring
from diagnosis.models import Study
from tests.backup.conftest import every_hash, is_empty

pytestmark = pytest.mark.django_db(transaction=True)

NO_SPACE = OSError(errno.ENOSPC, "No space left on device", "a file")


def fails(error: Exception, at_call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, until it is called for that time."""
    calls = 0

    def failing(*values: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at_call:
            raise error
        return function(*values, **named)

    return failing


@pytest.mark.parametrize(
    ("what", "at_call", "error"),
    [
        ("shutil.copyfileobj", 3, NO_SPACE),
        ("shutil.copyfile", 1, NO_SPACE),
        ("rows.load", 5, OperationalError(2006, "gone away")),
        ("_place_model", 1, NO_SPACE),
        ("_place_files", 1, NO_SPACE),
        ("record", 1, OperationalError(1205, "lock wait")),
        ("os.rename", 1, NO_SPACE),
    ],
)
def test_nothing_is_half_and_again_succeeds(
    small_archive: Path,
    empty_machine: Callable[[], None],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    at_call: int,
    error: Exception,
) -> None:
    empty_machine()
    owner: Any = restoring
    *path, name = what.split(".")
    for step in path:
        owner = getattr(owner, step)
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, fails(error, at_call, getattr(owner, name)))
        with pytest.raises(CommandError, match="Nothing was restored"):
            call_command("restore", small_archive)
    assert is_empty(settings.MEDIA_ROOT)
    assert not list(settings.MODELS_DIR.iterdir())
    call_command("restore", small_archive)
    assert Study.objects.count() == 2
    assert len(every_hash(settings.MEDIA_ROOT)) == 6
    verify()


def test_a_failed_commit_removes_the_files(
    small_archive: Path, empty_machine: Callable[[], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_machine()
    settings.MODELS_DIR.joinpath("current.json").write_text('{"version": "another"}')
    placed: list[Path] = []

    def commit() -> None:
        placed.extend(settings.MEDIA_ROOT.glob("radiographs/*"))
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(connection, "commit", commit)
        with pytest.raises(CommandError, match="Nothing was restored"):
            call_command("restore", small_archive)
    assert placed
    assert is_empty(settings.MEDIA_ROOT)
    assert [path.name for path in settings.MODELS_DIR.iterdir()] == ["current.json"]
    assert "another" in settings.MODELS_DIR.joinpath("current.json").read_text()


def environment(folder: Path) -> dict[str, str]:
    """Another machine: its own database, storage, models and key, and production's settings."""
    return {
        "PATH": os.environ["PATH"],
        "COVIDXRAY_ENV_FILE": "",
        "SECRET_KEY": "another-machine-has-another-key-of-fifty-characters-at-least",
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "MODELS_DIR": str(folder / "models"),
    }


@pytest.fixture
def machine(tmp_path: Path, project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    folder = tmp_path / "machine"
    (folder / "models").mkdir(parents=True)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=project,
            env=environment(folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run


@pytest.mark.slow
def test_another_machine_key_and_database(
    installation: User,
    tmp_path: Path,
    settings: Settings,
    machine: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """From the tests' database, which may be MariaDB, into a new file of SQLite, by the commands that people type."""
    call_command("backup", tmp_path / "backup.tar")
    assert machine("migrate", "--verbosity", "0").returncode == 0
    restored = machine("restore", str(tmp_path / "backup.tar"))
    assert restored.returncode == 0, restored.stderr
    assert "The audit log is whole" in restored.stdout
    assert every_hash(tmp_path / "machine" / "media") == every_hash(settings.MEDIA_ROOT)
    assert machine("verify_audit").returncode == 0
    again = machine("restore", str(tmp_path / "backup.tar"))
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
    backup = machine("backup", str(tmp_path / "second.tar"))
    assert backup.returncode == 0, backup.stderr


@pytest.mark.slow
def test_a_backup_that_is_stopped_leaves_nothing(
    small_archive: Path, tmp_path: Path, project: Path, machine: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """SIGTERM in the middle: one of the stored files is a pipe without a writer."""
    assert machine("migrate", "--verbosity", "0").returncode == 0
    assert machine("restore", str(small_archive)).returncode == 0
    original = next((tmp_path / "machine" / "media").glob("radiographs/*/*/original"))
    original.unlink()
    os.mkfifo(original)
    backups = tmp_path / "backups"
    backups.mkdir()
    command = [sys.executable, "manage.py", "backup", str(backups)]
    with subprocess.Popen(command, cwd=project, env=environment(tmp_path / "machine")) as process:
        while not list(backups.glob(".covidxray-backup-*/part")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert list(backups.iterdir()) == []
