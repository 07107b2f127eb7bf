"""Upload: one file that was read, with what was entered with it."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from diagnosis.imaging.radiograph import Radiograph
from diagnosis.patients.details import NOBODY, PatientDetails, patient_details_of
from diagnosis.uploads.entered import EnteredDetails


@dataclass(frozen=True)
class Upload:
    """One file that was accepted, and what was entered with it."""

    user: User
    content: bytes
    file_name: str
    """Safe to show."""
    radiograph: Radiograph
    entered: EnteredDetails

    @property
    def patient_in_file(self) -> PatientDetails:
        return patient_details_of(self.radiograph.dicom) if self.radiograph.dicom else NOBODY
