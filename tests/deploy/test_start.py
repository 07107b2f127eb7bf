"""A configuration that is wrong stops the start: one sentence that names the setting, a status, and no traceback.

Each test runs the command of the unit, deploy/systemd/covidxray.service.
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

GUNICORN = [str(Path(sys.executable).parent / "gunicorn"), "--config", "deploy/gunicorn.conf.py", "covidxray.wsgi"]


@pytest.fixture(scope="module")
def furnished(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a server on which everything is in order."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "media").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "COVIDXRAY_ENV_FILE": "",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
        "MEDIA_ROOT": str(folder / "media"),
        "STATIC_ROOT": str(folder / "static"),
        "BIND": f"unix:{folder}/site.sock",
    }
    for command in (["migrate"], ["collectstatic", "--noinput"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity", "0"], cwd=project, env=environment, check=True
        )
    return environment


@pytest.fixture
def file_in_the_way(tmp_path: Path) -> Path:
    path = tmp_path / "a file"
    path.touch()
    return path


def start(project: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        GUNICORN, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=240
    )


WRONG: dict[str, tuple[dict[str, str | None], str, int]] = {
    "no key": ({"SECRET_KEY": None}, "The configuration is incomplete: Set the SECRET_KEY environment variable", 1),
    "no file": ({"COVIDXRAY_ENV_FILE": "/no/such"}, "COVIDXRAY_ENV_FILE (/no/such) cannot be read", 1),
    "placeholder": ({"SECRET_KEY": "change me"}, "SECRET_KEY must be random and have 50 characters or more.", 1),
    "key file": ({"SECRET_KEY_FILE": "/no/such/file"}, "The file that SECRET_KEY_FILE names cannot be read", 1),
    "debug": ({"DEBUG": "True"}, "DEBUG must be off on a server", 1),
    "development": ({"DEVELOPMENT": "True"}, "DEVELOPMENT must be off on a server", 1),
    "hosts": ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS must name the host names of the site", 1),
    "any host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the host names of the site", 1),
    "number": ({"SESSION_HOURS": "twelve"}, "SESSION_HOURS must be a whole number.", 1),
    "negative": ({"LOCKOUT_FAILURES": "0"}, "LOCKOUT_FAILURES must not be below 1.", 1),
    "boolean": ({"BEHIND_PROXY": "ture"}, "BEHIND_PROXY must be True or False.", 1),
    "gunicorn's number": ({"WORKERS": "many"}, "WORKERS must be a whole number.", 1),
    "database": ({"DATABASE_URL": "nonsense"}, "DATABASE_URL must be such as mysql://user:password@host/name.", 1),
    "no database": ({"DATABASE_URL": "sqlite:////no/such/folder/x"}, "The database of DATABASE_URL cannot be used", 75),
    "empty database": (
        {"DATABASE_URL": "sqlite:///{file}"},
        "lacks tables of this version: run `manage.py migrate`",
        1,
    ),
    "storage": ({"MEDIA_ROOT": "{file}"}, "MEDIA_ROOT ({file}) must be a folder that the site can write to", 1),
    "no storage": ({"MEDIA_ROOT": "/no/such"}, "MEDIA_ROOT (/no/such) must be a folder that the site can write to", 1),
    "static": ({"STATIC_ROOT": "/no/such"}, "STATIC_ROOT (/no/such) lacks the static files", 1),
    "prefix": ({"X_ACCEL_PREFIX": "stored", "BEHIND_PROXY": "1"}, "X_ACCEL_PREFIX must begin and end with a slash", 1),
    "no proxy": ({"X_ACCEL_PREFIX": "/stored/"}, "X_ACCEL_PREFIX needs BEHIND_PROXY=True", 1),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_named_in_one_sentence(
    project: Path, furnished: dict[str, str], file_in_the_way: Path, case: str
) -> None:
    changes, sentence, status = WRONG[case]
    changed = {name: value.format(file=file_in_the_way) for name, value in changes.items() if value is not None}
    environment = {name: value for name, value in furnished.items() if name not in changes} | changed
    result = start(project, environment)
    said = result.stderr.strip()
    assert sentence.format(file=file_in_the_way) in said
    assert len(said.splitlines()) == 1, said
    assert result.returncode == status


def test_what_is_wrong_at_once_is_said_at_once(project: Path, furnished: dict[str, str]) -> None:
    said = start(project, furnished | {"DEBUG": "True", "ALLOWED_HOSTS": ""}).stderr
    assert len(said.strip().splitlines()) == 2
    assert "DEBUG must" in said
    assert "ALLOWED_HOSTS must" in said


def test_a_databases_password_is_not_said(project: Path, furnished: dict[str, str]) -> None:
    pytest.importorskip("MySQLdb")
    result = start(project, furnished | {"DATABASE_URL": "mysql://site:canary@127.0.0.1:1/site"})
    assert "The database of DATABASE_URL cannot be used" in result.stderr
    assert "canary" not in result.stderr
    assert result.returncode == 75
