"""What other apps keep of a patient: for export and erasure. Each adds itself to KEEPERS from its `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from django.db import models

from diagnosis.models import Patient


class Keeper(Protocol):
    """Asked with everyone who is this patient: the patient, and whoever was merged into it."""

    name: str
    """Of its rows in the archive."""

    def rows(self, patients: Sequence[Patient]) -> Iterator[models.Model]:
        """What it keeps of them."""

    def files(self, patients: Sequence[Patient]) -> Iterator[tuple[str, bytes]]:
        """Name and content of each file that it keeps of them."""

    def erase(self, patients: Sequence[Patient]) -> None:
        """Forget them for good, in the transaction of the erasure. Their studies are gone by then."""


KEEPERS: list[Keeper] = []
