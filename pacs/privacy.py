"""What the PACS ledger keeps of a patient: shown in an export, forgotten with the patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from django.db import models, transaction
from django.db.models import Q

from diagnosis.models import Patient
from pacs.inbox import inbox_delete, inbox_read
from pacs.models import Instance, Outgoing
from pacs.services import instances_forget


class Ledger:
    """Radiographs that became a study are found by it; those that wait or were given up by the number in their file."""

    name = "pacs"

    def rows(self, patients: Sequence[Patient]) -> Iterator[models.Model]:
        found = Q(study__patient__in=patients) | _without_study(patients)
        yield from Instance.objects.filter(found).order_by("pk")
        yield from Outgoing.objects.filter(diagnosis__study__patient__in=patients).order_by("pk")

    def files(self, patients: Sequence[Patient]) -> Iterator[tuple[str, bytes]]:
        for instance in Instance.objects.filter(_without_study(patients)).exclude(file=""):
            with suppress(FileNotFoundError):
                yield f"{instance.uuid}.dcm", inbox_read(instance.file)

    def erase(self, patients: Sequence[Patient]) -> None:
        """A process that is killed before the files are gone leaves them to `inbox_sweep`."""
        for file in instances_forget(Instance.objects.filter(_without_study(patients))):
            transaction.on_commit(lambda file=file: inbox_delete(file))  # type: ignore[misc]


def _without_study(patients: Sequence[Patient]) -> Q:
    """Of their institution and with their number. Nobody's where they have none."""
    numbered = Q(pk__in=[])
    for patient in patients:
        if patient.reference_key:
            numbered |= Q(institution=patient.institution_id, reference_key=patient.reference_key, study=None)
    return numbered
