"""Commands while database or storage are away: one sentence, no traceback, and a status that a timer sees."""

import errno
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError

from attempts.faults import sentence
from covidxray.command_line import run
from diagnosis.files.faults import StorageFault
from tests.covidxray import test_settings


def test_a_database_without_tables(project: Path, tmp_path: Path) -> None:
    environment = {"SECRET_KEY": "only-this-test-uses-it", "DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
    result = test_settings.run(project, "manage.py", "purge_expired", "--dry-run", **environment)
    said = "The database of DATABASE_URL lacks tables of this version: run `manage.py migrate`.\n"
    assert (result.stderr, result.returncode) == (said, 1)


def test_the_drivers_words() -> None:
    """Those of SQLite, and of MariaDB with a number before them."""
    assert sentence(OperationalError("unable to open database file")).endswith("used: unable to open database file.")
    assert sentence(OperationalError(2002, "Can't connect\n to x (111)")).endswith("used: Can't connect to x (111).")
    assert "lacks tables" in sentence(ProgrammingError(1146, "Table 'site.jobs_job' doesn't exist"))


@pytest.mark.django_db
def test_storage_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise StorageFault(errno.EIO, "The storage of the bucket films does not answer")

    monkeypatch.setattr("diagnosis.management.commands.purge_expired.stray_folders", away)
    # Django's own function sets up logging once more, at which TensorFlow's handler closes pytest's standard error.
    monkeypatch.setattr(
        "covidxray.command_line.execute_from_command_line", lambda arguments: call_command(*arguments[1:])
    )
    with pytest.raises(SystemExit) as ended:
        run(["manage.py", "purge_expired", "--dry-run"])
    assert ended.value.code == "The storage of the bucket films does not answer."
    with pytest.raises(StorageFault):
        run(["manage.py", "purge_expired", "--dry-run", "--traceback"])
