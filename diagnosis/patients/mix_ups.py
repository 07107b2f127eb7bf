"""Where a file names another patient than the one registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from diagnosis.models import Study
from diagnosis.patients.details import FIELD_NAMES, PatientDetails, differences_from, registered_details


@dataclass(frozen=True)
class MixUp:
    """A field in which a study's file differs from the patient that the study belongs to."""

    name: str
    in_file: str
    registered: str


def mix_ups(study: Study) -> list[MixUp]:
    """Where the DICOM file of a study differs from its registered patient."""
    if not study.dicom or not study.patient:
        return []
    file, registered = _file_details(study.dicom), registered_details(study.patient)
    return [
        MixUp(str(FIELD_NAMES[name]), str(getattr(file, name)), str(getattr(registered, name)))
        for name in differences_from(study.patient, file)
    ]


def _file_details(kept: dict[str, Any]) -> PatientDetails:
    """As stored in `Study.dicom`, where a day is text, or as it is before it is stored."""
    birth_date = kept.get("patient_birth_date")
    return PatientDetails(
        reference=kept.get("patient_id") or "",
        name=kept.get("patient_name") or "",
        birth_date=date.fromisoformat(str(birth_date)) if birth_date else None,
        sex=kept.get("patient_sex") or "",
    )
