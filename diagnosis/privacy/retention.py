"""Erasing what is older than the setting RETENTION_DAYS, counted from the upload."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from django.utils import timezone

from diagnosis.models import Patient, PatientQuerySet, Study, StudyQuerySet
from diagnosis.models.locking import Erased
from diagnosis.privacy.erasure import Reason, StillStudied, patient_erase, study_erase

_ROWS_AT_ONCE = 100


def kept_since(days: int) -> datetime:
    """What is older than this has expired."""
    return timezone.now() - timedelta(days=days)


def expired_studies(since: datetime) -> StudyQuerySet:
    return Study.objects.filter(created__lt=since).order_by("pk")


def expired_patients(since: datetime) -> PatientQuerySet:
    """Those registered before that who have no study left; one that was merged goes with the one that it went into."""
    return Patient.objects.listed().filter(created__lt=since, studies=None).order_by("pk")


def purge(since: datetime) -> Iterator[Study | Patient]:
    """Erase them one by one, each in a transaction of its own: what was interrupted goes on where it stopped."""
    while batch := list(expired_studies(since)[:_ROWS_AT_ONCE]):
        for study in batch:
            with suppress(Erased):  # by someone else, at this moment
                study_erase(actor=None, study=study, reason=Reason.RETENTION)
                yield study
    while patients := list(expired_patients(since)[:_ROWS_AT_ONCE]):
        for patient in patients:
            with suppress(Erased, StillStudied):
                patient_erase(actor=None, patient=patient, reason=Reason.RETENTION, only_without_studies=True)
                yield patient
