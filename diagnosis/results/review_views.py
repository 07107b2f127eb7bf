"""What a person adds to a result: an own reading, a review, the outcome of a test.

Each address is that of a form on the page of the result. What is wrong in it is said next to its fields, on that page;
a GET, such as that after signing in again, leads back to the page.
"""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.models import Diagnosis
from diagnosis.results.list_position import next_in_list
from diagnosis.results.page import show_result
from diagnosis.reviews.forms import OutcomeForm, ReadingForm, ReviewForm
from diagnosis.reviews.services import AdditionRefused, outcome_add, reading_add, review_add
from diagnosis.worklist.views import to_next

on_the_result = require_http_methods(["GET", "HEAD", "POST"])


@radiographer_required
@on_the_result
def reading(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The person's own reading, before the model's answer is shown; it leads to that answer."""
    diagnosis = _visible_result(request, uuid)
    form = ReadingForm(request.POST)
    return _added(
        request, diagnosis, form, lambda: reading_add(user=request.user, study=diagnosis.study, **form.cleaned_data)
    )


@radiographer_required
@on_the_result
def review(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The person's conclusion, next to the model's answer."""
    diagnosis = _visible_result(request, uuid)
    form = ReviewForm(request.POST, diagnosis=diagnosis)
    return _added(
        request, diagnosis, form, lambda: review_add(user=request.user, diagnosis=diagnosis, **form.cleaned_data)
    )


@radiographer_required
@on_the_result
def outcome(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """How the patient's RT-PCR test came out."""
    diagnosis = _visible_result(request, uuid)
    form = OutcomeForm(request.POST, study=diagnosis.study)
    return _added(
        request, diagnosis, form, lambda: outcome_add(user=request.user, study=diagnosis.study, **form.cleaned_data)
    )


def _visible_result(request: SignedInRequest, uuid: UUID) -> Diagnosis:
    return get_object_or_404(Diagnosis.objects.visible_to(request.user).with_rows_shown(), uuid=uuid)


def _added(request: SignedInRequest, diagnosis: Diagnosis, form: Form, add: Callable[[], object]) -> HttpResponse:
    """Invalid: the page again. Refused: back with the reason. Done: back, or on to the next of the worklist."""
    back = diagnosis.get_absolute_url()
    if way := request.GET.urlencode():  # the worklist, or the list of results, that leads there
        back = f"{back}?{way}"
    goes_on = request.POST.get("then") == "next"
    following = next_in_list(request.user, diagnosis, request.GET) if goes_on else ""
    if request.method != "POST":
        return redirect(back)
    if not form.is_valid():
        return show_result(request, diagnosis, status=HTTPStatus.UNPROCESSABLE_ENTITY, **{f"{form.prefix}_form": form})
    try:
        add()
    except AdditionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved."))
        if goes_on:
            return redirect(following) if following else to_next(request, diagnosis)
    return redirect(back)
