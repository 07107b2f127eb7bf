"""The list of results: search, filter, order and pages, all of it in the address; and the list as a file."""

from collections.abc import Iterable
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.filter_forms import ResultFilterForm
from diagnosis.models import Diagnosis
from diagnosis.querysets import NEWEST_FIRST
from diagnosis.results_csv import csv_lines
from diagnosis.search import (
    ResultPage,
    every_row,
    filtered_results,
    first_page,
    page_after,
    page_before,
    selected_results,
)

SELECTED = "selected"


@radiographer_required
@require_safe
def results(request: SignedInRequest) -> HttpResponse:
    """One page of the results that the address asks for. A filter that makes no sense shows no rows, and says why."""
    form = ResultFilterForm(request.user, data=request.GET)
    if not form.is_valid():
        return render(request, "diagnosis/results.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    page = _page(request, form)
    return render(request, "diagnosis/results.html", {"form": form, "page": page, "sort": form.sort_name})


def _page(request: SignedInRequest, form: ResultFilterForm) -> ResultPage:
    """The page that `after` or `before` names by one of the institution's results, or the first."""
    asked = form.result_filter
    rows = filtered_results(request.user, asked)
    if after := request.GET.get("after"):
        return page_after(rows, _row(request, after), asked.order)
    if before := request.GET.get("before"):
        return page_before(rows, _row(request, before), asked.order)
    return first_page(rows)


def _row(request: SignedInRequest, uuid: str) -> Diagnosis:
    places = Diagnosis.objects.visible_to(request.user).only("created", "probability")
    return get_object_or_404(places, uuid=_uuid_or_404(uuid))


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@radiographer_required
@require_safe
def export(request: SignedInRequest) -> HttpResponseBase:
    """The results as CSV: all that the address asks for, or those that were ticked."""
    if request.GET.get("scope") == SELECTED:
        return _export_selected(request)
    form = ResultFilterForm(request.user, data=request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('diagnosis:results')}?{request.GET.urlencode()}")
    asked = form.result_filter
    return _csv(every_row(filtered_results(request.user, asked), asked.order))


def _export_selected(request: SignedInRequest) -> HttpResponseBase:
    uuids = [_uuid_or_404(text) for text in request.GET.getlist("select")]
    if not uuids:
        messages.info(request, _("Nothing was selected. Tick the results that you want to export."))
        return redirect("diagnosis:results")
    return _csv(every_row(selected_results(request.user, uuids, NEWEST_FIRST), NEWEST_FIRST))


def _csv(rows: Iterable[Diagnosis]) -> StreamingHttpResponse:
    name = f"covidxray-results-{timezone.localdate().isoformat()}.csv"
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
