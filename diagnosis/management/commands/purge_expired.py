"""Erases what is older than the setting RETENTION_DAYS, and deletes files that an earlier erasure could not, or that a
killed process left without a row.

For a nightly timer. It may be interrupted and run again at any time.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.files.erasing import files_erase
from diagnosis.files.faults import StorageFault
from diagnosis.files.strays import stray_folder_delete, stray_folders
from diagnosis.history.recounts import changes_compact
from diagnosis.models import FileToErase
from diagnosis.privacy.retention import expired_patients, expired_studies, kept_since, purge
from diagnosis.uploads.history import history_purge
from diagnosis.worklist.services import claims_expired_delete


class Command(BaseCommand):
    help = "Erase studies older than RETENTION_DAYS, and patients without any study left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be erased, and erase nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            self._tell()
            return
        if days := settings.RETENTION_DAYS:
            for erased in purge(kept_since(days)):
                self.stdout.write(f"Erased {erased._meta.model_name} {erased.uuid}")
        else:
            self.stdout.write("No period is set (RETENTION_DAYS): everything is kept.")
        history_purge()
        try:
            self._delete_strays()
        except StorageFault as error:
            raise CommandError(
                f"{error.strerror}. What belongs to nothing was not looked for: run this again."
            ) from error
        changes_compact()
        claims_expired_delete()
        if left := files_erase():
            raise CommandError(f"{left} files of erased studies cannot be deleted: see the log, and run this again.")

    def _delete_strays(self) -> None:
        for folder in stray_folders():
            try:
                stray_folder_delete(folder)
            except StorageFault:  # whatever the folder
                raise
            except OSError as error:
                raise CommandError(
                    f"{folder}, which belongs to nothing, cannot be deleted: {error.strerror}"
                ) from error
            self.stdout.write(f"Deleted {folder}, which belonged to nothing.")

    def _tell(self) -> None:
        if days := settings.RETENTION_DAYS:
            since = kept_since(days)
            for study in expired_studies(since).only("uuid").iterator():
                self.stdout.write(f"Would erase study {study.uuid}")
            without = expired_patients(since).count()
            self.stdout.write(f"Would erase {without} patients without a study, and those left without one.")
        else:
            self.stdout.write("No period is set (RETENTION_DAYS): everything is kept.")
        for folder in stray_folders():
            self.stdout.write(f"Would delete {folder}, which belongs to nothing.")
        self.stdout.write(f"Would delete {FileToErase.objects.count()} files left by earlier erasures.")
