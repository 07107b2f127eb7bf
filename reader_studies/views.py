"""The leader's pages: the list, a new reader study, its cases and readers; opened, closed, deleted."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.link_views import site_address
from accounts.roles import SignedInRequest, radiographer_required
from audit.models import Action
from diagnosis.history.recording import list_record
from diagnosis.results.forms import ResultFilterForm
from diagnosis.results.search import filtered_results
from diagnosis.reviews.blinding import revealed_to
from reader_studies.choosing import ENOUGH_OF_EACH, available, candidates, cases_choose
from reader_studies.errors import StudyRefused
from reader_studies.forms import CasesForm, ReadersForm, StudyForm
from reader_studies.mail import mail_asked
from reader_studies.models import ReaderStudy
from reader_studies.overview import overview_of, rows_of
from reader_studies.services import (
    reader_study_close,
    reader_study_create,
    reader_study_delete,
    reader_study_open,
    readers_set,
    refuse_own_only,
)

FORM = require_http_methods(["GET", "HEAD", "POST"])


@radiographer_required
@require_safe
def listed(request: SignedInRequest) -> HttpResponse:
    """Those that the person leads or reads."""
    return render(request, "reader_studies/list.html", {"rows": rows_of(request.user)})


@radiographer_required
@FORM
def new(request: SignedInRequest) -> HttpResponse:
    """A draft; the person who makes it leads it."""
    form = StudyForm(request.POST if request.method == "POST" else None)
    try:
        refuse_own_only()
        if form.is_bound and form.is_valid():
            return redirect(reader_study_create(actor=request.user, **form.cleaned_data))
    except StudyRefused as error:
        messages.error(request, str(error))
        return redirect("reader_studies:list")
    return render(request, "reader_studies/new.html", {"form": form}, status=_status(form))


@radiographer_required
@require_safe
def study(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """What it is, how far it has come, and what the person can do next."""
    found = get_object_or_404(ReaderStudy.objects.visible_to(request.user), uuid=uuid)
    return _page(request, found)


def _page(request: SignedInRequest, found: ReaderStudy, form: ReadersForm | None = None) -> HttpResponse:
    context: dict[str, Any] = {"study": found, "overview": overview_of(request.user, found)}
    if found.leader_id == request.user.pk and found.state == ReaderStudy.State.DRAFT:
        context["form"] = form or ReadersForm(reader_study=found)
    return render(request, "reader_studies/study.html", context, status=_status(form))


@radiographer_required
@FORM
def cases(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The list's filter, what it finds by reference standard, and how many of each are drawn."""
    found = _led(request, uuid)
    if found.state != ReaderStudy.State.DRAFT:
        return redirect(found)
    form = ResultFilterForm(request.user, data=request.GET)
    context: dict[str, Any] = {"study": found, "form": form, "enough": ENOUGH_OF_EACH}
    if not form.is_valid():
        return render(request, "reader_studies/cases.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    # How many of what was found have which RT-PCR result would tell a hidden one.
    results = revealed_to(request.user, filtered_results(request.user, form.result_filter))
    some = candidates(results)
    filters = [name for name in form.fields if request.GET.get(name)]
    list_record(Action.RESULTS_LISTED, actor=request.user, rows=len(some), asked=["reader-study", *filters])
    draw = CasesForm(request.POST if request.method == "POST" else None, available=available(some))
    if draw.is_bound and draw.is_valid():
        try:
            number = cases_choose(
                actor=request.user,
                reader_study=found,
                results=results,
                wanted=draw.wanted,
                filters=filters,
                seed=secrets.randbits(31),
            )
        except StudyRefused as error:
            draw.add_error(None, str(error))
        else:
            text = ngettext("%(number)d case was chosen.", "%(number)d cases were chosen.", number)
            messages.success(request, text % {"number": number})
            return redirect(found)
    context |= {"draw": draw, "available": draw.available}
    return render(request, "reader_studies/cases.html", context, status=_status(draw))


@radiographer_required
@require_POST
def readers(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Who is asked to read."""
    found = _led(request, uuid)
    form = ReadersForm(request.POST, reader_study=found)
    if not form.is_valid():
        return _page(request, found, form)
    people = [form.people[key] for key in form.cleaned_data["readers"]]
    return _done(request, found, lambda: readers_set(actor=request.user, reader_study=found, people=people))


@radiographer_required
@require_POST
def open_(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The readers are told by e-mail when it is stored."""
    found = _led(request, uuid)

    def opened() -> None:
        reader_study_open(actor=request.user, reader_study=found)
        mail_asked(reader_study=found, site=site_address(request))

    return _done(request, found, opened)


@radiographer_required
@require_POST
def close(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    found = _led(request, uuid)
    return _done(request, found, lambda: reader_study_close(actor=request.user, reader_study=found))


@radiographer_required
@require_POST
def delete(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """A draft, with its choice of cases and readers."""
    found = _led(request, uuid)
    try:
        reader_study_delete(actor=request.user, reader_study=found)
    except StudyRefused as error:
        messages.error(request, str(error))
        return redirect(found)
    messages.success(request, _("The draft was deleted."))
    return redirect("reader_studies:list")


def _led(request: SignedInRequest, uuid: UUID) -> ReaderStudy:
    """Raises Http404 where the person does not lead it."""
    return get_object_or_404(ReaderStudy.objects.led_by(request.user), uuid=uuid)


def _done(request: SignedInRequest, found: ReaderStudy, change: Callable[[], object]) -> HttpResponse:
    try:
        change()
    except StudyRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved."))
    return redirect(found)


def _status(form: Any) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form is not None and form.errors else HTTPStatus.OK
