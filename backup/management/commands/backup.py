"""Writes everything that this installation holds into one file, while the site runs. docs/backup.md says what is in it.

For a nightly timer: `manage.py backup FOLDER` writes a new file of the hour each time.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from backup.errors import BackupFailed
from backup.making import backup_make
from backup.progress import Bars
from backup.stopping import stopped_tidily
from diagnosis.files.faults import StorageFault

NAMED = 20


class Command(BaseCommand):
    help = "Write the database, images, reports and the served model into one archive. The site may go on running."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path, help="a new file, or a folder that is there")

    def handle(self, *args: Any, target: Path, **options: Any) -> None:
        try:
            with stopped_tidily(), Bars() as bars:
                backup = backup_make(target=target, bars=bars)
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            what = "" if isinstance(error, StorageFault) else f"{target} cannot be written: "
            raise CommandError(f"{what}{error.strerror}. Nothing was left behind.") from error
        except DatabaseError as error:
            reason = type(error).__name__
            raise CommandError(f"The database failed ({reason}). No backup was made, nothing left behind.") from error
        self.stdout.write(f"{backup.path}: {backup.rows} rows, {backup.files} files, {backup.size} bytes.")
        self.stdout.write(f"SHA-256 {backup.sha256}")
        self.stdout.write("It holds patients' data and password hashes: keep it encrypted, on another machine.")
        if backup.missing:
            named = ", ".join(backup.missing[:NAMED])
            self.stderr.write(f"The storage has lost {len(backup.missing)} files, which are not in it: {named}.")
