"""The scripts behind `make run`: what they write, and what they say on a machine that lacks something."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


def write_env(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "write_env.py"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run_on_a_bare_machine(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script where only `id` and an old Python can be found."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "id").symlink_to(shutil.which("id") or "/usr/bin/id")
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    command = ["/bin/sh", str(SCRIPTS / script), *arguments]
    return subprocess.run(command, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)


def test_env_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    assert write_env(tmp_path / ".env").returncode == 0
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_every_env_has_a_secret_key_of_its_own(tmp_path: Path) -> None:
    keys = set()
    for name in ("a", "b"):
        write_env(tmp_path / name)
        keys |= {line for line in (tmp_path / name).read_text().splitlines() if line.startswith("SECRET_KEY=")}
    assert len(keys) == 2
    assert min(map(len, keys)) > 60


def test_an_existing_env_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=mine\n")
    assert write_env(tmp_path / ".env").returncode != 0
    assert (tmp_path / ".env").read_text() == "SECRET_KEY=mine\n"


def test_a_missing_python_is_explained(tmp_path: Path) -> None:
    result = run_on_a_bare_machine("create-venv", tmp_path, str(tmp_path / "venv"))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Python 3.11 was not found: install it")
    assert result.stderr.count("\n") == 1


def test_a_missing_chromium_is_explained(tmp_path: Path) -> None:
    result = run_on_a_bare_machine("ensure-chromium", tmp_path)
    assert result.returncode == 1
    assert "apt-get install chromium" in result.stderr


def test_a_missing_mariadb_is_explained(tmp_path: Path) -> None:
    result = run_on_a_bare_machine("ensure-mariadb", tmp_path, sys.executable)
    assert (result.returncode, result.stdout) == (1, "")
    assert "apt-get install mariadb-server-core" in result.stderr


@pytest.mark.parametrize("error", ["no such package", "no network"])
def test_a_failed_installation_stops_make(tmp_path: Path, error: str) -> None:
    failing = tmp_path / "pip"
    failing.write_text(f"#!/bin/sh\necho '{error}' >&2\nexit 3\n")
    failing.chmod(0o755)
    result = subprocess.run([SCRIPTS / "pip-install", failing], capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert error in result.stderr


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("echo 'No known vulnerabilities found' >&2", 0, "No known holes"),
        ("echo 'Found 1 known vulnerability in 1 package' >&2; exit 1", 1, "Found 1 known vulnerability"),
        ("echo 'ERROR:pip_audit._cli:ruff: Dependency not found on PyPI' >&2; exit 1", 3, "nothing is known"),
        ("echo 'requests.exceptions.ConnectionError' >&2; exit 1", 3, "nothing is known"),
    ],
)
def test_a_failed_audit_is_not_a_pass(tmp_path: Path, answer: str, status: int, said: str) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{answer}\n')
    python.chmod(0o755)
    result = subprocess.run([SCRIPTS / "audit-dependencies", python], capture_output=True, text=True, check=False)
    assert result.returncode == status
    assert said in result.stdout + result.stderr
    asked = (tmp_path / "asked").read_text()
    assert "--strict" in asked  # else a package that the database does not know counts as a good one
    for name in ("", "-queue", "-ldap", "-dev"):
        assert f"--requirement requirements{name}.txt" in asked
