"""The page of one result: the result itself, with a form to correct, or the reading that comes before it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import User
from accounts.roles import SignedInRequest
from audit.models import Action
from diagnosis.history.lines import history_of
from diagnosis.history.recording import study_record
from diagnosis.models import Diagnosis
from diagnosis.results.comparison import comparison
from diagnosis.reviews.blinding import conceal, is_hidden
from diagnosis.reviews.forms import OutcomeForm, ReadingForm, ReviewForm
from diagnosis.wording.answers import in_words
from diagnosis.wording.pictures import elsewhere, is_map_telling, picture_in_words


def show_result(
    request: SignedInRequest, diagnosis: Diagnosis, *, status: HTTPStatus = HTTPStatus.OK, **forms: Any
) -> HttpResponse:
    """The page of a diagnosis, loaded `with_rows_shown`. `forms` are the ones to be corrected.

    A person who reads blind gets the radiograph and the form of a reading instead, and no answer in any form.
    """
    forms |= comparison(request.user, diagnosis.study, request.GET)
    _record_view(request.user, diagnosis, forms)
    if is_hidden(request.user, diagnosis):
        (concealed,) = conceal(request.user, [diagnosis])
        context = {"diagnosis": concealed, "study": diagnosis.study, "reading_form": ReadingForm(), **forms}
        return render(request, "diagnosis/reviews/reading.html", context, status=status)
    context = {**_answer_of(request.user, diagnosis), **_added_to(diagnosis), **forms}
    return render(request, "diagnosis/results/result.html", context, status=status)


def _record_view(user: User, diagnosis: Diagnosis, shown: Mapping[str, Any]) -> None:
    """One entry for the page with all its pictures, and one for the study that is compared with it."""
    study_record(Action.RESULT_VIEWED, study=diagnosis.study, actor=user, result=diagnosis.uuid)
    if "beside" in shown:
        study_record(Action.RESULT_VIEWED, study=shown["beside"].study, actor=user)


def _answer_of(user: User, diagnosis: Diagnosis) -> dict[str, Any]:
    others = diagnosis.study.diagnoses.exclude(pk=diagnosis.pk).select_related("model_version").newest_first()
    return {
        "diagnosis": diagnosis,
        "study": diagnosis.study,
        "reading": in_words(diagnosis),
        "picture": picture_in_words(diagnosis),
        "is_map_shown": user.shows_heat_map and is_map_telling(diagnosis),
        "elsewhere": elsewhere(diagnosis.prediction, diagnosis.model_version.card),
        "others": others,
    }


def _added_to(diagnosis: Diagnosis) -> dict[str, Any]:
    """What people have added to the study, and the forms with which they add more."""
    study = diagnosis.study
    return {
        "reviews": list(diagnosis.reviews.newest_first()),
        "own_readings": list(study.own_readings.select_related("reader").order_by("pk")),
        "history": history_of(study),
        "review_form": ReviewForm(),
        "outcome_form": OutcomeForm(study=study),
    }
