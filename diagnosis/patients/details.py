"""What is known of a patient, and whether two descriptions can be one person."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import date

from django.utils.translation import gettext_lazy

from accounts.normalise import normalised
from diagnosis.imaging.dicom_details import DicomDetails
from diagnosis.models import Patient
from diagnosis.models.fields import search_key
from diagnosis.models.patients import REFERENCE_KEY_LENGTH, REFERENCE_LENGTH


@dataclass(frozen=True)
class PatientDetails:
    """What an upload says of the patient; everything may be missing."""

    reference: str = ""
    name: str = ""
    birth_date: date | None = None
    sex: str = ""

    @property
    def is_empty(self) -> bool:
        return self == PatientDetails()


NOBODY = PatientDetails()
FIELD_NAMES = {
    "reference": gettext_lazy("Patient reference"),
    "name": gettext_lazy("Name"),
    "birth_date": gettext_lazy("Date of birth"),
    "sex": gettext_lazy("Sex"),
}


def patient_details_of(dicom: DicomDetails) -> PatientDetails:
    """What the tags of a DICOM file say of the patient.

    A number longer than DICOM allows (LO, 64 characters) names no one: cut, it could be another patient's.
    """
    return PatientDetails(
        reference=dicom.patient_id if is_storable_reference(dicom.patient_id) else "",
        name=dicom.patient_name,
        birth_date=dicom.patient_birth_date,
        sex=dicom.patient_sex if dicom.patient_sex in Patient.Sex.values else "",
    )


def is_storable_reference(reference: str) -> bool:
    """Whether the reference and its normalised form, which some letters make many times longer, fit their columns."""
    return len(reference) <= REFERENCE_LENGTH and len(normalised(reference)) <= REFERENCE_KEY_LENGTH


def registered_details(patient: Patient) -> PatientDetails:
    return PatientDetails(patient.reference, patient.name, patient.birth_date, patient.sex)


def differences(one: PatientDetails, other: PatientDetails) -> list[str]:
    """The fields in which the two cannot be of one person. A field that one of them leaves empty never differs."""
    differs = {
        "reference": _differ(normalised(one.reference), normalised(other.reference)),
        "name": not names_agree(one.name, other.name),
        "birth_date": _differ(one.birth_date, other.birth_date),
        "sex": {one.sex, other.sex} == {Patient.Sex.FEMALE, Patient.Sex.MALE},
    }
    return [name for name, is_different in differs.items() if is_different]


def differences_from(patient: Patient, details: PatientDetails) -> list[str]:
    """In which fields the details cannot be of a registered patient, nor of any that was merged into it."""
    known = [registered_details(one) for one in (patient, *patient.all_merged())]
    found = [differences(details, one) for one in known]
    return [] if [] in found else found[0]


def _differ(one: object, other: object) -> bool:
    return bool(one and other and one != other)


def names_agree(one: str, other: str) -> bool:
    """Whether two spellings can be one person's name: every word of the shorter one is in the longer one.

    The order of the words, letter case, accents and punctuation make no difference; a single letter means every
    name that begins with it. An empty name agrees with every other.
    """
    fewer, more = sorted((_words(one), _words(other)), key=len)
    if "".join(fewer) == "".join(more):
        return True
    return all(any(_same_word(word, another) for another in more) for word in fewer)


def _words(name: str) -> list[str]:
    plain = "".join(sign for sign in unicodedata.normalize("NFD", search_key(name)) if not unicodedata.combining(sign))
    return re.findall(r"\w+", plain)


def _same_word(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) if len(shorter) == 1 else shorter == longer


def joined(first: PatientDetails, second: PatientDetails) -> PatientDetails:
    """The first, with its empty fields filled from the second."""
    missing = {field.name: getattr(second, field.name) for field in fields(first) if not getattr(first, field.name)}
    return replace(first, **missing)
