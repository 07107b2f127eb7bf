"""Checks that no entry of the audit log was changed, removed or reordered.

Run it from time to time, with a head that `export_audit_head` wrote and that has been kept on another machine since:
only that shows a log that was cut short, or written anew by somebody who can write to the database.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.verification import ChainBroken, Head, verify


class Command(BaseCommand):
    help = "Check the audit log. Ends with status 1 and the number of the first bad entry where it is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", type=Path, metavar="FILE", help="what export_audit_head wrote")

    def handle(self, *args: Any, head: Path | None, **options: Any) -> None:
        try:
            end = verify(_read(head) if head else None)
        except ChainBroken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The audit log is whole: {end.sequence} entries, the last with hash {end.hash}.")
        if not head:
            self.stdout.write("Whether its end was cut off shows only with --head and a head kept elsewhere.")


def _read(file: Path) -> Head:
    try:
        return Head.from_file(file)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} cannot be read as a head of export_audit_head.", returncode=2) from error
