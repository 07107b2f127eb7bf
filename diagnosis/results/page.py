"""The page of one result: the result itself, with a form to correct, or the reading that comes before it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from accounts.roles import SignedInRequest
from accounts.typed import typed_restore
from audit.models import Action
from diagnosis.history.lines import history_of
from diagnosis.history.recording import study_record
from diagnosis.models import Conclusion, Diagnosis, Review
from diagnosis.results.comparison import comparison
from diagnosis.results.list_position import list_position
from diagnosis.reviews.blinding import conceal, is_hidden
from diagnosis.reviews.embargoes import is_embargoed
from diagnosis.reviews.forms import OutcomeForm, ReadingForm, ReviewForm
from diagnosis.wording.answers import in_words
from diagnosis.wording.appearances import findings_anchor, findings_heading, findings_in_words, what_findings_are
from diagnosis.wording.pictures import how_often_wrong, is_map_telling, not_looked_for, picture_in_words
from diagnosis.wording.points import point_meaning, point_of_answer
from diagnosis.worklist.bar import PARAMETER, worklist_bar


def show_result(
    request: SignedInRequest, diagnosis: Diagnosis, *, status: HTTPStatus = HTTPStatus.OK, **forms: Any
) -> HttpResponse:
    """The page of a diagnosis, loaded `with_rows_shown`. `forms` are the ones to be corrected.

    A person who reads blind gets the radiograph and the form of a reading instead, and no answer in any form.
    """
    forms |= comparison(request.user, diagnosis.study, request.GET)
    worklist = worklist_bar(request.user, diagnosis, is_open=PARAMETER in request.GET)
    in_list = None if worklist.is_open else list_position(request.user, diagnosis, request.GET)
    forms |= {"worklist": worklist, "in_list": in_list, "way": worklist.query or (in_list.query if in_list else "")}
    _record_view(request.user, diagnosis, forms)
    if is_hidden(request.user, diagnosis):
        _restore(request, diagnosis, reading=forms.setdefault("reading_form", ReadingForm()))
        (concealed,) = conceal(request.user, [diagnosis])
        forms["in_reader_study"] = is_embargoed(request.user, diagnosis.study_id)
        context = {"diagnosis": concealed, "study": diagnosis.study, **forms}
        return render(request, "diagnosis/reviews/reading.html", context, status=status)
    context = {**_answer_of(request.user, diagnosis), **_added_to(diagnosis), **forms}
    _restore(request, diagnosis, review=context["review_form"], outcome=context["outcome_form"])
    return render(request, "diagnosis/results/result.html", context, status=status)


def _restore(request: SignedInRequest, diagnosis: Diagnosis, **forms: Form) -> None:
    """What was typed into the page's forms before the session ended."""
    for name, form in forms.items():
        typed_restore(request, reverse(f"diagnosis:{name}", args=[diagnosis.uuid]), form)


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
        "elsewhere": how_often_wrong(diagnosis),
        "operating_point": point_of_answer(diagnosis),
        "point_meaning": point_meaning(diagnosis),
        "not_looked_for": not_looked_for(diagnosis),
        **_appearances_of(diagnosis),
        "others": others,
    }


def _appearances_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """Nothing of a version that does not look for them; and then its card is not read for this either."""
    appearances = findings_in_words(diagnosis)
    if not appearances:
        return {"appearances": []}
    return {
        "appearances": appearances,
        "appearances_heading": findings_heading(diagnosis),
        "appearances_anchor": findings_anchor(diagnosis),
        "about_appearances": what_findings_are(diagnosis),
    }


def _added_to(diagnosis: Diagnosis) -> dict[str, Any]:
    """What people have added to the study, and the forms with which they add more."""
    study = diagnosis.study
    reviews = list(diagnosis.reviews.newest_first())
    said_blind = {review.reviewer_id for review in reviews if review.is_blind}
    return {
        "reviews": reviews,
        "readers_differ": _differ(reviews),
        "own_readings": list(study.own_readings.exclude(reader__in=said_blind).select_related("reader").order_by("pk")),
        "history": history_of(study),
        "review_form": ReviewForm(diagnosis=diagnosis),
        "outcome_form": OutcomeForm(study=study),
    }


def _differ(reviews: list[Review]) -> bool:
    """Whether two people's newest conclusions contradict each other."""
    newest = {review.reviewer_id: review.conclusion for review in reversed(reviews)}
    return {Conclusion.LIKELY, Conclusion.UNLIKELY} <= set(newest.values())
