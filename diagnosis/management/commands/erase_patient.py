"""Erases a patient, or a study without a patient, for good: rows, images, results, reviews and reports.

The identifier is in the address of the patient's page, or of a picture of the study. Audit entries stay, without a
name; a printed report's verification page says that it was erased. Backups are not touched: let them expire.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.models import Patient, Study
from diagnosis.models.locking import Erased
from diagnosis.privacy.erasure import Erasure, Reason, patient_erase, study_erase


class Command(BaseCommand):
    help = "Erase everything about one patient. There is no way back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("uuid", type=UUID, help="of a patient, or of a study that has none")
        parser.add_argument("--reason", required=True, choices=[*Reason], help="kept in the audit")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, uuid: UUID, reason: str, yes: bool, **options: Any) -> None:
        if not yes and not _is_confirmed(uuid):
            raise CommandError("Nothing has been erased.")
        done = _erase(uuid, Reason(reason))
        self.stdout.write(f"Erased: {done.studies} studies and {done.reports} reports.")
        if done.files_left:
            raise CommandError(f"{done.files_left} files could not be deleted yet: run manage.py purge_expired again.")


def _erase(uuid: UUID, reason: Reason) -> Erasure:
    with suppress(Erased):  # by someone else, at this moment
        if patient := Patient.objects.filter(uuid=uuid).first():
            return patient_erase(actor=None, patient=patient, reason=reason)
        if study := Study.objects.filter(uuid=uuid, patient=None).first():
            return study_erase(actor=None, study=study, reason=reason)
    raise CommandError(f"There is no patient {uuid}, and no study {uuid} without a patient.")


def _is_confirmed(uuid: UUID) -> bool:
    try:
        return input(f"Erase everything about {uuid}, for good? Type the identifier again: ").strip() == str(uuid)
    except EOFError:
        return False
