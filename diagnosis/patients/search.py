"""Finding patients by words of their name or parts of their reference, and the studies of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, Max, OuterRef

from accounts.models import User
from accounts.normalise import normalised
from diagnosis.models import Diagnosis, Patient, PatientQuerySet, PatientWord, Study
from diagnosis.models.words import found_by_words, words_typed
from diagnosis.reviews.blinding import conceal
from diagnosis.wording.numbers import number

LISTED = 50
SUGGESTED = 8
FEW = 5000
"""Up to this many patients that a search found are read by their keys; among more the list is walked in its order."""


@dataclass(frozen=True)
class FoundPatient:
    """A row of the list of patients, with the newest answer about one of the patient's studies."""

    patient: Patient
    studies: int
    last_upload: datetime | None
    newest: Diagnosis | None


@dataclass(frozen=True)
class PatientList:
    """One page, the last registered first; how many were found, or None for more than were counted."""

    rows: list[FoundPatient]
    has_previous: bool
    has_next: bool
    found: int | None

    @property
    def number(self) -> str:
        return number(self.found)


def patients_found(user: User, text: str, *, after: UUID | None = None, before: UUID | None = None) -> PatientList:
    """The page of patients who have every word of the text, or of all, that follows or precedes a patient.

    Raises Patient.DoesNotExist where the person sees no patient of that UUID.
    """
    patients, found = _asked(user, text)
    if before:
        rows = list(patients.filter(pk__gt=_place(user, before)).order_by("pk")[: LISTED + 1])
        if len(rows) > LISTED:
            return _page(user, rows[:LISTED][::-1], True, True, found)
    place = _place(user, after) if after else None
    beyond = patients if place is None else patients.filter(pk__lt=place)
    rows = list(beyond.order_by("-pk")[: LISTED + 1])
    return _page(user, rows[:LISTED], place is not None, len(rows) > LISTED, found)


def _place(user: User, uuid: UUID) -> int:
    return Patient.objects.visible_to(user).get(uuid=uuid).pk


def _asked(user: User, text: str) -> tuple[PatientQuerySet, int | None]:
    """The patients and how many they are; of all, and of very many, they are not counted."""
    words, mine = words_typed(text), Patient.objects.visible_to(user).listed()
    if not words:
        return mine, None
    found = found_by_words(PatientWord.objects.visible_to(user), words, FEW)
    if found is not None and len(found) <= FEW:
        return mine.filter(pk__in=found), len(found)
    return mine.filter(*(Exists(PatientWord.objects.of(OuterRef("pk")).beginning_with(word)) for word in words)), None


def patients_suggested(user: User, text: str, *, with_reference: bool = True) -> list[Patient]:
    """At most SUGGESTED patients who have every word; first the one, and then those, whose reference begins with it."""
    words = words_typed(text)
    if not words:
        return []
    keys = found_by_words(PatientWord.objects.visible_to(user), words, 4 * SUGGESTED)
    found = list(Patient.objects.visible_to(user).listed().filter(pk__in=keys or ()))
    exact = Patient.objects.of_reference(user, normalised(text))
    typed = normalised(text)
    found.sort(key=lambda patient: (not (patient.reference_key or "").startswith(typed), patient.reference_key or "~"))
    rows = dict.fromkeys([*([exact] if exact else []), *found])
    return [patient for patient in rows if patient.reference or not with_reference][:SUGGESTED]


def _page(user: User, rows: list[Patient], has_previous: bool, has_next: bool, found: int | None) -> PatientList:
    return PatientList(_with_studies(user, rows), has_previous, has_next, found)


def _with_studies(user: User, patients: list[Patient]) -> list[FoundPatient]:
    kept = Study.objects.of_patients(user, [patient.pk for patient in patients]).filter(voided=None).order_by("pk")
    studies: dict[int, list[tuple[int, datetime]]] = {patient.pk: [] for patient in patients}
    for pk, patient_pk, created in kept.values_list("pk", "patient", "created"):
        studies[patient_pk or 0].append((pk, created))
    newest = _newest_answers(user, [pk for rows in studies.values() for pk, _created in rows])
    return [_found(patient, studies[patient.pk], newest) for patient in patients]


def _found(patient: Patient, studies: list[tuple[int, datetime]], newest: dict[int, Diagnosis]) -> FoundPatient:
    last = max((created for _pk, created in studies), default=None)
    return FoundPatient(patient, len(studies), last, newest.get(patient.pk))


def _newest_answers(user: User, studies: list[int]) -> dict[int, Diagnosis]:
    """By patient; two queries, from studies that the person may see. What a blind reader may not see is taken out."""
    results = Diagnosis.objects.of_studies(studies).kept().order_by()
    newest = dict(results.values_list("study__patient").annotate(newest=Max("pk")))
    rows = Diagnosis.objects.with_rows_shown().filter(pk__in=newest.values())
    return {row.study.patient_id: row for row in conceal(user, rows) if row.study.patient_id}


@dataclass(frozen=True)
class PatientStudy:
    """A study on its patient's page, with the answers of every model, the newest first."""

    study: Study
    answers: list[Diagnosis]


@dataclass(frozen=True)
class PatientStudies:
    """The studies of a patient, newest first, and apart from them those that were voided."""

    kept: list[PatientStudy]
    voided: list[PatientStudy]


def studies_of(user: User, patient: Patient) -> PatientStudies:
    """Read in four queries, whatever their number; what a blind reader may not see is taken out.

    From the patient, whom the person may see: narrowed to the institution again, SQLite would read all of its results.
    """
    mine = Study.objects.of_patients(user, [patient.pk])
    rows = Diagnosis.objects.of_studies(list(mine.values_list("pk", flat=True))).with_rows_shown()
    answers: dict[int, list[Diagnosis]] = {}
    for row in conceal(user, sorted(rows, key=lambda row: (row.created, row.pk), reverse=True)):
        answers.setdefault(row.study_id, []).append(row)
    studies = [PatientStudy(group[0].study, group) for group in answers.values()]
    studies += [PatientStudy(study, []) for study in mine.filter(unanswered__isnull=False)]
    studies.sort(key=lambda item: (item.study.day, item.study.created), reverse=True)
    return PatientStudies(
        kept=[item for item in studies if not item.study.voided], voided=[item for item in studies if item.study.voided]
    )
