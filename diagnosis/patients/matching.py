"""Whose radiograph it is: finding the patient of an upload or registering one, and noticing a mix-up."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.normalise import normalised
from accounts.wording import listed
from diagnosis.errors import DiagnosisError
from diagnosis.models import Patient
from diagnosis.models.fields import search_key
from diagnosis.models.locking import Erased, locked
from diagnosis.patients.details import (
    FIELD_NAMES,
    NOBODY,
    PatientDetails,
    differences,
    differences_from,
    joined,
    registered_details,
)
from diagnosis.patients.services import patient_complete, patient_get_or_create


class PatientMismatch(DiagnosisError):
    """The patient's details that were entered contradict the file or the registered patient."""

    default_code = "patient-mismatch"


# --- Telling patients apart -------------------------------------------------------------------------------------------


# --- The patient of an upload -----------------------------------------------------------------------------------------


def patient_check(*, user: User, entered: PatientDetails, file: PatientDetails) -> None:
    """Raise PatientMismatch where `patient_of_upload` would, and store nothing."""
    _matched(user, entered, file)


def patient_of_upload(*, user: User, entered: PatientDetails, file: PatientDetails) -> Patient | None:
    """The patient of a new study, found or registered; None where nothing is known. Runs inside a transaction.

    Where the person entered something that contradicts the file or the registered patient, PatientMismatch is raised.
    Where only the file itself differs from the patient whose number it bears, the number counts: `mix_ups` shows it.
    """
    known = joined(entered, file)
    if not known.reference and known.name and known.birth_date:
        locked(user.institution)  # no table keeps two uploads at once from registering one name and birthday twice
    details, found = _matched(user, entered, file)
    if found is None:
        return patient_get_or_create(user=user, details=details)
    patient = locked(found)  # before the study is: erasing takes the locks in this order
    if patient.merged_into_id:
        raise Erased(_("This patient was merged with another one in the meantime. Try again."))
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
    details = joined(entered, file)
    patient = _registered(user, details)
    # A person who typed the number vouches for all that the upload says; a number in the file only for what was typed.
    claimed = entered if file.reference else details
    if patient and (contradicted := differences_from(patient, claimed)):
        raise PatientMismatch(
            _(
                "The patient with this reference is registered with other details (%(fields)s), and nothing was "
                "stored. Check the reference and the details, or correct the registered patient first."
            )
            % {"fields": _named(contradicted)}
        )
    return details, patient


def _named(field_names: list[str]) -> str:
    return listed(str(FIELD_NAMES[name]) for name in field_names)


def _registered(user: User, details: PatientDetails) -> Patient | None:
    """The patient with this reference; without one, the patient without one of that name and birthday.

    Only of those that the person may see: what a colleague alone knows must not show.
    """
    if details.reference:
        return Patient.objects.of_reference(user, normalised(details.reference))
    if not (details.name and details.birth_date):
        return None
    patients = Patient.objects.visible_to(user)
    same = patients.filter(name_key=search_key(details.name), birth_date=details.birth_date, reference_key=None)
    found = next((patient for patient in same if not differences(details, registered_details(patient))), None)
    return found.current if found else None


def patient_for_move(*, user: User, details: PatientDetails) -> Patient:
    """The patient with this reference, found or registered. Raises PatientMismatch like `patient_of_upload`."""
    patient = patient_of_upload(user=user, entered=details, file=NOBODY)
    if patient is None:
        raise ValueError("a study is moved to a patient with a reference")
    return patient


# --- Changing a patient -----------------------------------------------------------------------------------------------


# --- A mix-up that can be seen ----------------------------------------------------------------------------------------
