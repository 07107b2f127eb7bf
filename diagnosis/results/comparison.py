"""A patient's other studies: those that a result page lists, and the one compared with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F
from django.http import Http404, QueryDict

from accounts.models import User
from diagnosis.models import Diagnosis, Study, StudyQuerySet
from diagnosis.reviews.blinding import conceal

MOST_LISTED = 12


@dataclass(frozen=True)
class OtherStudy:
    """Another study of the same patient with its newest answer, which is concealed from who has to read it first."""

    study: Study
    diagnosis: Diagnosis | None


def other_studies(user: User, study: Study) -> list[OtherStudy]:
    """The newest MOST_LISTED other studies of the patient, by the day on which they were taken; voided ones are not."""
    newest = _others(user, study).order_by(F("study_date").desc(nulls_last=True), "-pk")
    return _with_answers(user, list(newest[:MOST_LISTED]))


def study_beside(user: User, study: Study, uuid: UUID) -> OtherStudy:
    """That one of the patient's other studies. Raises Study.DoesNotExist."""
    return _with_answers(user, [_others(user, study).get(uuid=uuid)])[0]


def comparison(user: User, study: Study, query: QueryDict) -> dict[str, Any]:
    """What a result page says of the patient's other studies; `?beside=` names the one to compare with.

    Raises Http404 where that names none of them.
    """
    context: dict[str, Any] = {"other_studies": other_studies(user, study)}
    _tell_apart([study, *(other.study for other in context["other_studies"])])
    if "beside" in query:
        try:
            context["beside"] = study_beside(user, study, UUID(str(query["beside"])))
            _tell_apart([study, context["beside"].study])
        except (Study.DoesNotExist, ValueError):
            raise Http404 from None
    return context


def _tell_apart(studies: list[Study]) -> None:
    """Mark those of the same day, which their dates do not tell apart."""
    days = Counter(study.day for study in studies)
    for study in studies:
        study.shares_its_day = study.shares_its_day or days[study.day] > 1


def _others(user: User, study: Study) -> StudyQuerySet:
    """The same patient's, which an unknown patient has none of."""
    if study.patient_id is None:
        return Study.objects.none()
    return Study.objects.of_patients(user, [study.patient_id]).filter(voided=None).exclude(pk=study.pk)


def _with_answers(user: User, studies: list[Study]) -> list[OtherStudy]:
    """Two queries, however many studies. The person may see these: narrowed to the institution again, and in order,
    SQLite would read all of its results.
    """
    rows = Diagnosis.objects.of_studies([study.pk for study in studies]).with_rows_shown()
    newest = {row.study_id: row for row in conceal(user, sorted(rows, key=lambda row: row.pk))}
    return [OtherStudy(study, newest.get(study.pk)) for study in studies]
