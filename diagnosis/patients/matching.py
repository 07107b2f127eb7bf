"""Whose radiograph it is: finding the patient of an upload or registering one, and noticing a mix-up."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.normalise import normalised
from audit.models import Action
from diagnosis.errors import DiagnosisError
from diagnosis.fields import search_key
from diagnosis.history.recording import patient_record
from diagnosis.imaging.dicom_details import DicomDetails
from diagnosis.patient_models import REFERENCE_KEY_LENGTH, REFERENCE_LENGTH, Patient
from diagnosis.report_models import Report
from diagnosis.review_models import StudyEvent

if TYPE_CHECKING:
    from diagnosis.models import Study


class PatientMismatch(DiagnosisError):
    """What was entered of the patient contradicts what the file says or what is registered."""

    default_code = "patient-mismatch"


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


@dataclass(frozen=True)
class EnteredDetails:
    """What the person entered beside the file, for the patient and for the study; everything may be missing."""

    patient: PatientDetails = NOBODY
    projection: str = ""
    study_date: date | None = None
    notes: str = ""


NOTHING_ENTERED = EnteredDetails()

FIELD_NAMES = {
    "reference": gettext_lazy("Patient reference"),
    "name": gettext_lazy("Name"),
    "birth_date": gettext_lazy("Date of birth"),
    "sex": gettext_lazy("Sex"),
}


def patient_details_of(dicom: DicomDetails) -> PatientDetails:
    """What the tags of a DICOM file say of the patient.

    A number longer than DICOM allows (LO, 64 characters) names nobody: cut, it could be another patient's.
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


# --- Telling patients apart -------------------------------------------------------------------------------------------


def differences(one: PatientDetails, other: PatientDetails) -> list[str]:
    """The fields in which the two cannot be of one person. A field that one of them leaves empty never differs."""
    differs = {
        "reference": _differ(normalised(one.reference), normalised(other.reference)),
        "name": not names_agree(one.name, other.name),
        "birth_date": _differ(one.birth_date, other.birth_date),
        "sex": {one.sex, other.sex} == {Patient.Sex.FEMALE, Patient.Sex.MALE},
    }
    return [name for name, is_different in differs.items() if is_different]


def _differ(one: object, other: object) -> bool:
    return bool(one and other and one != other)


def names_agree(one: str, other: str) -> bool:
    """Whether two spellings can be one person's name: every word of the shorter one stands in the longer one.

    The order of the words, letter case, accents and punctuation make no difference; a single letter stands for every
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


# --- The patient of an upload -----------------------------------------------------------------------------------------


def patient_check(*, user: User, entered: PatientDetails, file: PatientDetails) -> None:
    """Raise PatientMismatch where `patient_of_upload` would, and store nothing."""
    _matched(user, entered, file)


def patient_of_upload(*, user: User, entered: PatientDetails, file: PatientDetails) -> Patient | None:
    """The patient of a new study, found or registered; None where nothing is known. Runs inside a transaction.

    Where the person entered something that contradicts the file or the registered patient, PatientMismatch is raised.
    Where only the file itself differs from the patient whose number it bears, the number counts: `mix_ups` shows it.
    """
    details, patient = _matched(user, entered, file)
    if patient is None:
        return patient_get_or_create(user=user, details=details)
    if not differences(details, registered_details(patient)):
        patient_complete(user=user, patient=patient, details=details)
    return patient


def _matched(user: User, entered: PatientDetails, file: PatientDetails) -> tuple[PatientDetails, Patient | None]:
    if contradicted := differences(entered, file):
        raise PatientMismatch(
            _(
                "What you entered is not what the file itself says (%(fields)s), and nothing was stored. Check whose "
                "radiograph this is. Where the file is wrong, upload it without these fields and correct it afterwards."
            )
            % {"fields": _named(contradicted)}
        )
    details = _joined(entered, file)
    patient = _registered(user, details)
    # Whoever typed the number vouches for all that the upload says; a number in the file only for what was typed.
    claimed = entered if file.reference else details
    if patient and (contradicted := differences(claimed, registered_details(patient))):
        raise PatientMismatch(
            _(
                "The patient with this reference is registered with other details (%(fields)s), and nothing was "
                "stored. Check the reference and the details, or correct the registered patient first."
            )
            % {"fields": _named(contradicted)}
        )
    return details, patient


def _named(field_names: list[str]) -> str:
    return ", ".join(str(FIELD_NAMES[name]) for name in field_names)


def _joined(first: PatientDetails, second: PatientDetails) -> PatientDetails:
    """The first, with what it leaves empty from the second."""
    missing = {field.name: getattr(second, field.name) for field in fields(first) if not getattr(first, field.name)}
    return replace(first, **missing)


def _registered(user: User, details: PatientDetails) -> Patient | None:
    """The institution's patient with this reference; without one, the patient without one of that name and birthday."""
    patients = Patient.objects.filter(institution=user.institution_id)
    if details.reference:
        return patients.filter(reference_key=normalised(details.reference)).first()
    if not (details.name and details.birth_date):
        return None
    same = patients.filter(name_key=search_key(details.name), birth_date=details.birth_date, reference_key=None)
    return next((patient for patient in same if not differences(details, registered_details(patient))), None)


def patient_for_move(*, user: User, details: PatientDetails) -> Patient:
    """The patient with this reference, found or registered. Raises PatientMismatch like `patient_of_upload`."""
    patient = patient_of_upload(user=user, entered=details, file=NOBODY)
    if patient is None:
        raise ValueError("a study is moved to a patient with a reference")
    return patient


def patient_get_or_create(*, user: User, details: PatientDetails) -> Patient | None:
    """The institution's patient with this reference, as registered; or a new one; or None where nothing is known."""
    if details.is_empty:
        return None
    values = {"name": details.name, "birth_date": details.birth_date, "sex": details.sex, "created_by": user}
    if not details.reference:
        return Patient.objects.create(institution=user.institution, **values)
    return Patient.objects.get_or_create(
        institution=user.institution,
        reference_key=normalised(details.reference),
        defaults={"reference": details.reference, **values},
    )[0]


# --- Changing a patient -----------------------------------------------------------------------------------------------


def patient_complete(*, user: User, patient: Patient, details: PatientDetails) -> None:
    """Fill in what is registered as empty and known now."""
    registered = registered_details(patient)
    joined = _joined(registered, details)
    changed = [field.name for field in fields(joined) if getattr(joined, field.name) != getattr(registered, field.name)]
    patient_update(user=user, patient=patient, changes={name: getattr(joined, name) for name in changed})


@transaction.atomic
def patient_update(*, user: User, patient: Patient, changes: dict[str, Any]) -> None:
    """Change a patient's own data; each of the patient's studies notes which fields, and is found by the new ones."""
    if not changes:
        return
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.save()
    patient.studies.update(
        patient_reference_key=search_key(patient.reference), patient_name_key=search_key(patient.name)
    )
    Report.objects.filter(diagnosis__study__patient=patient).outdate()
    detail = {"patient": patient.uuid, "fields": sorted(changes)}
    StudyEvent.objects.bulk_create(
        StudyEvent(study_id=pk, actor=user, kind=StudyEvent.Kind.EDITED, detail=detail)
        for pk in patient.studies.values_list("pk", flat=True)
    )
    patient_record(Action.PATIENT_EDITED, patient=patient, actor=user, fields=sorted(changes))


# --- A mix-up that can be seen ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MixUp:
    """A field in which a study's file says something else than the patient that the study stands with."""

    name: str
    in_file: str
    registered: str


def mix_ups(study: Study) -> list[MixUp]:
    """What the DICOM file of a study says of its patient that is not what is registered."""
    if not study.dicom or not study.patient:
        return []
    file, registered = _file_details(study.dicom), registered_details(study.patient)
    return [
        MixUp(str(FIELD_NAMES[name]), str(getattr(file, name)), str(getattr(registered, name)))
        for name in differences(file, registered)
    ]


def _file_details(kept: dict[str, Any]) -> PatientDetails:
    """As stored in `Study.dicom`, where a day is text, or as it stands there before it is stored."""
    birth_date = kept.get("patient_birth_date")
    return PatientDetails(
        reference=kept.get("patient_id") or "",
        name=kept.get("patient_name") or "",
        birth_date=date.fromisoformat(str(birth_date)) if birth_date else None,
        sex=kept.get("patient_sex") or "",
    )
