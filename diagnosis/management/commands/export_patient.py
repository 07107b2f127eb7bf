"""Writes everything stored of one patient into an archive, for the patient's right of access."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.files.faults import StorageFault
from diagnosis.models import Patient
from diagnosis.privacy.export import patient_export


class Command(BaseCommand):
    help = "Write images, results, reviews and reports of one patient to a zip file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("uuid", type=UUID, help="it is in the address of the patient's page")
        parser.add_argument("--to", type=Path, required=True, metavar="FILE.zip", help="a new file")

    def handle(self, *args: Any, uuid: UUID, to: Path, **options: Any) -> None:
        patient = Patient.objects.filter(uuid=uuid).first()
        if patient is None:
            raise CommandError(f"There is no patient {uuid}.")
        try:
            missing = patient_export(actor=None, patient=patient, to=to)
        except StorageFault as error:
            raise CommandError(f"{error.strerror}. Nothing was written.") from error
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror or 'there is such a file'}.") from error
        self.stdout.write(f"Written to {to}. Hand it only to the patient.")
        if missing:
            self.stderr.write(f"The storage has lost: {', '.join(missing)}.")
