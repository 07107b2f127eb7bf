"""What a person adds to a result: an own reading, a review, the outcome of a test.

Each address is that of a form on the page of the result. What is wrong in it is said beside its fields, on that page;
a GET, such as that after signing in again, leads back to the page.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.models import Diagnosis
from diagnosis.results.page import show_result
from diagnosis.reviews.forms import OutcomeForm, ReadingForm, ReviewForm
from diagnosis.reviews.services import AdditionRefused, outcome_add, reading_add, review_add

on_the_result = require_http_methods(["GET", "HEAD", "POST"])


@radiographer_required
@on_the_result
def reading(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The person's own reading, before the model's answer is shown; it leads to that answer."""

    def add(diagnosis: Diagnosis, **values: Any) -> None:
        reading_add(user=request.user, study=diagnosis.study, **values)

    return _taken(request, uuid, "reading_form", lambda _diagnosis: ReadingForm(request.POST), add)


@radiographer_required
@on_the_result
def review(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The person's verdict on the model's answer."""

    def add(diagnosis: Diagnosis, **values: Any) -> None:
        review_add(user=request.user, diagnosis=diagnosis, **values)

    return _taken(request, uuid, "review_form", lambda _diagnosis: ReviewForm(request.POST), add)


@radiographer_required
@on_the_result
def outcome(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """How the patient's RT-PCR test came out."""

    def add(diagnosis: Diagnosis, **values: Any) -> None:
        outcome_add(user=request.user, study=diagnosis.study, **values)

    return _taken(
        request, uuid, "outcome_form", lambda diagnosis: OutcomeForm(request.POST, study=diagnosis.study), add
    )


def _taken(
    request: SignedInRequest, uuid: UUID, name: str, form_of: Callable[[Diagnosis], Form], add: Callable[..., None]
) -> HttpResponse:
    """Form → service → back to the result."""
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user).with_rows_shown(), uuid=uuid)
    if request.method != "POST":
        return redirect(diagnosis)
    form = form_of(diagnosis)
    if not form.is_valid():
        return show_result(request, diagnosis, status=HTTPStatus.UNPROCESSABLE_ENTITY, **{name: form})
    try:
        add(diagnosis, **form.cleaned_data)
    except AdditionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved."))
    return redirect(diagnosis)
