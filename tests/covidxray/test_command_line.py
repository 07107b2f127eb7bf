"""Commands while database or storage are away: one sentence, no traceback, and a status that a timer sees."""

import errno
from pathlib import Path

import pytest

from covidxray.command_line import run
from diagnosis.files.faults import StorageFault
from tests.covidxray import test_settings


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("new.sqlite3", "lacks tables of this version: run `manage.py migrate`."),
        ("no-such-folder/site.sqlite3", "cannot be used: unable to open database file."),
    ],
)
def test_a_database_that_cannot_be_used(project: Path, tmp_path: Path, place: str, sentence: str) -> None:
    environment = {"SECRET_KEY": "only-this-test-uses-it", "DATABASE_URL": f"sqlite:///{tmp_path}/{place}"}
    result = test_settings.run(project, "manage.py", "purge_expired", "--dry-run", **environment)
    assert (result.stderr, result.returncode) == (f"The database of DATABASE_URL {sentence}\n", 1)


@pytest.mark.django_db
def test_storage_that_is_away(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def away() -> None:
        raise StorageFault(errno.EIO, "The storage of the bucket films does not answer")

    monkeypatch.setattr("diagnosis.management.commands.purge_expired.stray_folders", away)
    with pytest.raises(SystemExit) as ended:
        run(["manage.py", "purge_expired", "--dry-run"])
    assert ended.value.code == "The storage of the bucket films does not answer."
    with pytest.raises(StorageFault):
        run(["manage.py", "purge_expired", "--dry-run", "--traceback"])
