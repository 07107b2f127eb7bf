"""EnteredDetails: what a person entered with the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from diagnosis.patients.details import NOBODY, PatientDetails


@dataclass(frozen=True)
class EnteredDetails:
    """What the person entered with the file, for the patient and for the study; everything may be missing."""

    patient: PatientDetails = NOBODY
    projection: str = ""
    study_date: date | None = None
    notes: str = ""
    correction: str = ""
    """How to turn or invert the picture before it is assessed: one of `imaging.corrections.CORRECTIONS`."""
    received_from: str = ""
    """The AE title of the archive or modality that it came from; empty for what a person uploads."""


NOTHING_ENTERED = EnteredDetails()
