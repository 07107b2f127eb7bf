"""The list of results: search, filter, order and pages, all of it in the address; and the list as a file."""

from collections.abc import Iterable
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from audit.services import record
from diagnosis.history.recording import list_record
from diagnosis.models import Diagnosis
from diagnosis.models.ordering import NEWEST_FIRST, Order
from diagnosis.results.export import csv_lines
from diagnosis.results.forms import ResultFilterForm
from diagnosis.results.list_position import list_query
from diagnosis.results.search import (
    MOST_COUNTED,
    Found,
    ResultPage,
    every_row,
    filtered_results,
    first_page,
    found_results,
    number_found,
    page_after,
    page_before,
    place_of,
    selected_results,
)
from diagnosis.wording.numbers import number

SELECTED = "selected"


@radiographer_required
@require_safe
def results(request: SignedInRequest) -> HttpResponse:
    """One page of the results that the address asks for. A filter that makes no sense shows no rows, and says why."""
    form = ResultFilterForm(request.user, data=request.GET)
    if not form.is_valid():
        return render(request, "diagnosis/results/list.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    found = found_results(request.user, form.result_filter)
    page = asked_page(request, form, found)
    context = {"form": form, "page": page, "sort": form.sort_name, "number": _number(found)}
    context["list_query"] = list_query(form)
    return render(request, "diagnosis/results/list.html", context)


def _number(found: Found) -> str:
    """How many results there are, in words; nothing where they are not counted."""
    if not found.can_be_counted:
        return ""
    counted = number_found(found.results)
    if counted > MOST_COUNTED:
        return _("More than %(number)s results") % {"number": number(MOST_COUNTED)}
    return ngettext("%(number)s result", "%(number)s results", counted) % {"number": number(counted)}


def asked_page(request: SignedInRequest, form: ResultFilterForm, found: Found | None = None) -> ResultPage:
    """The page that `after` or `before` names by one of the institution's results, or the first; for the API too."""
    page = _asked_page(request, form, found or found_results(request.user, form.result_filter))
    if request.method == "GET":
        filters = [name for name in form.fields if request.GET.get(name)]
        list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(page.rows), asked=filters)
    return page


def _asked_page(request: SignedInRequest, form: ResultFilterForm, found: Found) -> ResultPage:
    user, asked, rows = request.user, form.result_filter, found.results
    if after := request.GET.get("after"):
        return page_after(user, rows, _row(request, after, asked.order), asked.order)
    if before := request.GET.get("before"):
        return page_before(user, rows, _row(request, before, asked.order), asked.order)
    return first_page(user, rows)


def _row(request: SignedInRequest, uuid: str, order: Order) -> Diagnosis:
    row = place_of(request.user, _uuid_or_404(uuid), order)
    if row is None:
        raise Http404
    return row


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
    filters = sorted(name for name in form.fields if request.GET.get(name))
    _record_export(request, filters=filters)
    return _csv(every_row(request.user, filtered_results(request.user, asked), asked.order))


def _export_selected(request: SignedInRequest) -> HttpResponseBase:
    uuids = [_uuid_or_404(text) for text in request.GET.getlist("select")]
    if not uuids:
        messages.info(request, _("Nothing was selected. Tick the results that you want to export."))
        return redirect("diagnosis:results")
    selected = selected_results(request.user, uuids, NEWEST_FIRST)
    _record_export(request, selected=len(uuids))
    return _csv(every_row(request.user, selected, NEWEST_FIRST))


def _record_export(request: SignedInRequest, **detail: object) -> None:
    """Record which filters were used and not their values, which may be names."""
    if request.method == "GET":
        record(Action.RESULTS_EXPORTED, actor=request.user, detail=detail)


def _csv(rows: Iterable[Diagnosis]) -> StreamingHttpResponse:
    name = f"covidxray-results-{timezone.localdate().isoformat()}.csv"
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
