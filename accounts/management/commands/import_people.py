"""Registers many people from a CSV file and sends each an invitation, as the administration does for one.

Columns: username, email, first_name, last_name, institution, roles (radiographer, administrator, or both with a plus
sign). All lines are checked first, and nothing is stored while one is wrong.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import AccountError
from accounts.importing import MOST_BYTES, Line, people_invite, people_read, people_register


class Command(BaseCommand):
    help = "Register and invite the people of a CSV file; --dry-run only checks it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="UTF-8; the first line names the columns")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and store nothing")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        if not (settings.SITE_URL or dry_run):
            raise CommandError("Set SITE_URL first: the links of invitations begin with it.")
        try:
            with file.open("rb") as stream:
                lines = people_read(stream.read(MOST_BYTES + 1))
            for line in lines:
                self.stdout.write(_described(line))
            if dry_run:
                self.stdout.write(f"Dry run: {len(lines)} people, nothing was stored.")
                return
            people = people_register(actor=None, lines=lines)
        except (AccountError, OSError) as error:
            raise CommandError(str(error)) from error
        missed = people_invite(actor=None, people=people, site=settings.SITE_URL.rstrip("/"))
        self.stdout.write(f"{len(people)} people are registered, {len(people) - len(missed)} invitations sent.")
        if missed:
            raise CommandError(f"Send these invitations again: {', '.join(person.username for person in missed)}.")


def _described(line: Line) -> str:
    problems = f" PROBLEM: {' '.join(line.problems)}" if line.problems else ""
    return f"line {line.number}: {line.person.username}, {line.person.email}, {line.institution}{problems}"
