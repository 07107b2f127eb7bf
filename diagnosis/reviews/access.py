"""Blind reading: no one who reads blind sees an answer before their own reading."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus

from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.models import User
from accounts.roles import Parameters, SignedInRequest, SignedInView
from diagnosis.models import AnswerHidden, Diagnosis
from diagnosis.reviews.blinding import is_hidden
from diagnosis.reviews.embargoes import is_embargoed


def refuse_hidden(user: User, diagnosis: Diagnosis) -> None:
    """Raises AnswerHidden where the person may not see this answer yet."""
    if is_hidden(user, diagnosis):
        raise AnswerHidden(diagnosis)


def read_first(view: SignedInView[Parameters]) -> SignedInView[Parameters]:
    """A page that shows an answer: 403, and the way to the reading, where that is hidden from the person."""

    @wraps(view)
    def checked(request: SignedInRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except AnswerHidden as hidden:
            diagnosis: Diagnosis = hidden.args[0]
            context = {"diagnosis": diagnosis, "in_reader_study": is_embargoed(request.user, diagnosis.study_id)}
            return render(request, "diagnosis/reviews/answer_hidden.html", context, status=HTTPStatus.FORBIDDEN)

    return checked
