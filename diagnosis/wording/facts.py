"""A patient and an image as (name, value) pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydicom.uid import UID

from diagnosis.models import Study
from diagnosis.wording.numbers import day, moment

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


IMAGE_NAMES = {
    "modality": gettext_lazy("Modality"),
    "body_part": gettext_lazy("Body part"),
    "view_position": gettext_lazy("View position"),
    "laterality": gettext_lazy("Laterality"),
    "photometric_interpretation": gettext_lazy("Photometric interpretation"),
    "transfer_syntax": gettext_lazy("Transfer syntax"),
}


def dicom_facts(details: dict[str, str | None] | None, names: Mapping[str, StrPromise]) -> list[tuple[str, str]]:
    """Those of the kept DICOM values that are there, each with its name for a person."""
    return [(str(name), UID(value).name) for key, name in names.items() if (value := (details or {}).get(key))]


def patient_facts(study: Study) -> list[tuple[str, str]]:
    """What is known of the patient of a study, and the study's own day and number, each with its name for a person."""
    patient = study.patient
    facts = [
        (_("Name"), patient.name if patient else ""),
        (_("Patient reference"), patient.reference if patient else ""),
        (_("Date of birth"), day(patient.birth_date) if patient else ""),
        (_("Sex"), patient.get_sex_display() if patient else ""),
        (_("Study date"), day(study.study_date)),
        (_("Accession number"), (study.dicom or {}).get("accession_number") or ""),
        (_("Requesting department"), (study.dicom or {}).get("requesting_department") or ""),
        (_("Acquired"), moment(study.acquired) if study.acquired else ""),
        (_("Received from"), study.received_from),
    ]
    return [(name, value) for name, value in facts if value]


def image_facts(study: Study) -> list[tuple[str, str]]:
    """What the DICOM file says of the image, each with its name for a person."""
    return dicom_facts(study.dicom, IMAGE_NAMES)
