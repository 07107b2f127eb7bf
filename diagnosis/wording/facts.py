"""A patient and an image as (name, value) pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydicom.uid import UID

from diagnosis.models import Study
from diagnosis.wording.numbers import UNDEFINED, day_in_words, moment

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


_MANY = 1000

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
        (_("Date of birth"), day_in_words(patient.birth_date) if patient else ""),
        (_("Sex"), patient.get_sex_display() if patient else ""),
        (_("Study date"), day_in_words(study.study_date)),
        (_("Accession number"), (study.dicom or {}).get("accession_number") or ""),
        (_("Requesting department"), (study.dicom or {}).get("requesting_department") or ""),
        (_("Acquired"), moment(study.acquired) if study.acquired else ""),
        (_("Received from"), study.received_from),
    ]
    return [(name, value) for name, value in facts if value]


def preprocessing_in_words(preprocessing: object) -> str:
    """What is done to a picture before a model sees it, out of its card; "" where the card does not say."""
    if not isinstance(preprocessing, Mapping) or not preprocessing:
        return ""
    views = (
        _("the whole picture and, once more, the lungs")
        if preprocessing.get("version") == 2
        else _("the whole picture")
    )
    levels = _("grey levels equalised") if preprocessing.get("equalise") else _("grey levels as they are")
    number = preprocessing.get("version")
    version = _("version %s") % (number if isinstance(number, int) and 0 <= number < _MANY else UNDEFINED)
    return f"{views}; {levels} ({version})"


def image_facts(study: Study) -> list[tuple[str, str]]:
    """What the DICOM file says of the image, each with its name for a person."""
    return dicom_facts(study.dicom, IMAGE_NAMES)
