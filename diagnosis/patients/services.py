"""Register, complete, change a patient."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.normalise import normalised
from accounts.scope import keeper_of
from audit.models import Action
from diagnosis.history.recording import patient_record
from diagnosis.models import Patient, Report, StudyEvent
from diagnosis.models.locking import changed_meanwhile, locked, locked_as_seen, locked_studies
from diagnosis.models.words import patient_words_write
from diagnosis.patients.details import PatientDetails, joined, registered_details

_DATA = ("reference", "name", "birth_date", "sex")


def patient_get_or_create(*, user: User, details: PatientDetails) -> Patient | None:
    """The patient with this reference, as registered; or a new one; or None where nothing is known."""
    if details.is_empty:
        return None
    keeper = keeper_of(user)
    values = {"name": details.name, "birth_date": details.birth_date, "sex": details.sex, "created_by": user}
    patient, is_new = Patient(institution=user.institution, keeper=keeper, **values), True
    if details.reference:
        patient, is_new = Patient.objects.get_or_create(
            institution=user.institution,
            keeper=keeper,
            reference_key=normalised(details.reference),
            defaults={"reference": details.reference, **values},
        )
    else:
        patient.save()
    if is_new:
        patient_words_write([patient])
    return patient.current


@transaction.atomic
def patient_complete(*, user: User, patient: Patient, details: PatientDetails) -> None:
    """Fill in what is registered as empty and known now. Raises Erased, and ChangedMeanwhile where it was merged."""
    patient = locked(patient)
    if patient.merged_into_id:
        raise changed_meanwhile()
    registered = registered_details(patient)
    known = joined(registered, details)
    changed = [field.name for field in fields(known) if getattr(known, field.name) != getattr(registered, field.name)]
    patient_update(user=user, patient=patient, changes={name: getattr(known, name) for name in changed})


@transaction.atomic
def patient_update(*, user: User, patient: Patient, changes: dict[str, Any]) -> None:
    """Change a patient's own data; each of the patient's studies notes which fields, and is found by the new ones.

    Raises ChangedMeanwhile where the data is no longer that of `patient`, and Erased.
    """
    if not changes:
        return
    patient = locked_as_seen(patient, (*_DATA, "merged_into"))
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.save(update_fields=[*changes, "reference_key", "name_key"])
    patient_words_write([patient])
    pks = [study.pk for study in locked_studies(patient)]
    Report.objects.filter(diagnosis__study__patient=patient).outdate()
    detail = {"patient": patient.uuid, "fields": sorted(changes)}
    StudyEvent.objects.bulk_create(
        StudyEvent(study_id=pk, actor=user, kind=StudyEvent.Kind.EDITED, detail=detail) for pk in pks
    )
    patient_record(Action.PATIENT_EDITED, patient=patient, actor=user, fields=sorted(changes))
