"""Writes de-identified radiographs into a folder, for research and teaching (docs/pacs.md)."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.models import Action
from diagnosis.errors import RadiographRejected
from diagnosis.history.recording import study_record
from diagnosis.models import Diagnosis
from pacs.objects.deidentified import deidentified
from pacs.objects.sources import NoStudy


class Command(BaseCommand):
    help = "Write the DICOM radiographs of results, de-identified."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "uuids", type=UUID, nargs="+", metavar="UUID", help="identifier of a result, as in the address of its page"
        )
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="an existing folder")

    def handle(self, *args: Any, uuids: list[UUID], to: Path, **options: Any) -> None:
        if not to.is_dir():
            raise CommandError(f"There is no folder {to}.")
        written = sum(self._write(uuid, to) for uuid in uuids)
        self.stdout.write(f"{written} of {len(uuids)} written to {to}. Look at each for text in the picture itself.")

    def _write(self, uuid: UUID, to: Path) -> bool:
        diagnosis = Diagnosis.objects.select_related("study__patient").filter(uuid=uuid).first()
        if diagnosis is None:
            self.stderr.write(f"There is no result {uuid}.")
            return False
        try:
            with diagnosis.study.original.open("rb") as file:
                content = deidentified(file.read())
            name = f"{diagnosis.study.uuid.hex}.dcm"
            with (to / name).open("xb") as copy:
                copy.write(content)
        except (NoStudy, RadiographRejected, OSError) as error:
            self.stderr.write(f"{uuid} is left out: {error}.")
            return False
        study_record(Action.STUDY_DEIDENTIFIED, study=diagnosis.study, actor=None, result=diagnosis.uuid)
        return True
