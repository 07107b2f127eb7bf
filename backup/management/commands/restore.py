"""Fills an empty installation from an archive of `manage.py backup`. docs/backup.md says how, step by step."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from audit.verification import ChainBroken, verify
from backup.errors import ArchiveRefused, RestoreRefused
from backup.progress import Bars
from backup.restoring import Restored, restore
from backup.stopping import stopped_tidily
from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import check_built, read_artifact


class Command(BaseCommand):
    help = "Fill this installation, which must be empty, from an archive. Stop the site before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path, help="what manage.py backup wrote")

    def handle(self, *args: Any, archive: Path, **options: Any) -> None:
        try:
            with stopped_tidily(), Bars() as bars:
                restored = restore(path=archive, bars=bars)
        except (ArchiveRefused, RestoreRefused) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            reason = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
            raise CommandError(f"{reason}. Nothing was restored.") from error
        except DatabaseError as error:
            raise CommandError(f"The database failed ({type(error).__name__}). Nothing was restored.") from error
        self._tell(restored)

    def _tell(self, restored: Restored) -> None:
        manifest = restored.manifest
        self.stdout.write(f"Restored: {restored.rows} rows of {manifest.made}, made by covidxray {manifest.version}.")
        if restored.missing:
            self.stderr.write(f"{len(restored.missing)} files had been lost before the backup and are not here.")
        try:
            self.stdout.write(f"The audit log is whole: {verify().sequence} entries.")
        except ChainBroken as error:
            self.stderr.write(f"As it was backed up: {error}")
        if advice := _advice_about_model(manifest.model):
            self.stdout.write(advice)


def _advice_about_model(version: str) -> str:
    if not version:
        return "No model was in use. Choose one: manage.py use_model VERSION."
    try:
        check_built(read_artifact(settings.MODELS_DIR, version))
    except ModelUnavailable as error:
        return str(error)
    return f"The model {version} is ready. Start the site."
