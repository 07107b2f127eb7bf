"""Writes down where the audit log ends now, to be kept out of reach of everybody who can write to the database."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.verification import ChainBroken, checked_head


class Command(BaseCommand):
    help = "Write number and hash of the audit log's last entry, as one line of JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, metavar="FILE", help="a new file; without it the standard output")

    def handle(self, *args: Any, to: Path | None, **options: Any) -> None:
        try:
            line = checked_head().as_json()
        except ChainBroken as error:
            raise CommandError(str(error)) from error
        if to is None:
            self.stdout.write(line)
            return
        try:
            with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Written to {to}. Keep it on another machine.")
