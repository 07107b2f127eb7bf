"""The reader's pages: join, the case that is next, leave. No patient is named on them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.roles import SignedInRequest, radiographer_required
from accounts.typed import typed_restore
from diagnosis.wording.answers import in_words
from diagnosis.wording.pictures import is_map_telling, not_looked_for, picture_in_words
from reader_studies.errors import StudyRefused
from reader_studies.forms import CaseForm
from reader_studies.models import Reader, ReaderStudy, Reading
from reader_studies.reading import Place, place_of, reading_answer, reading_show
from reader_studies.services import reader_join, reader_leave


@radiographer_required
@require_POST
def join(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Begin to read; from now on the answers of the cases are hidden."""
    reader = _reader(request, uuid)
    try:
        reader_join(reader=reader)
    except StudyRefused as error:
        messages.error(request, str(error))
        return redirect(reader.reader_study)
    return redirect("reader_studies:read", uuid=uuid)


@radiographer_required
@require_POST
def leave(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Stop reading, for good."""
    reader = _reader(request, uuid)
    reader_leave(reader=reader)
    messages.info(request, _("You have left the reader study. Nothing is hidden from you for it any more."))
    return redirect(reader.reader_study)


@radiographer_required
@require_http_methods(["GET", "HEAD", "POST"])
def read(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The next case; a POST says what the reader sees in it, and leads to the one after it."""
    reader = _reader(request, uuid)
    place = place_of(reader) if _is_reading(reader) else Place(None)
    if place.reading is None:
        return redirect(reader.reader_study)
    if request.method != "POST":
        form = CaseForm()
        typed_restore(request, request.path, form)
        return _case(request, place, place.reading, form)
    if request.POST.get("reading") != str(place.reading.uuid):
        messages.info(request, _("That case was answered already; its first answer counts. This is the next one."))
        return redirect("reader_studies:read", uuid=uuid)
    form = CaseForm(request.POST)
    if not form.is_valid():
        return _case(request, place, place.reading, form)
    if not reading_answer(reading=place.reading, user=request.user, **form.cleaned_data):
        messages.info(request, _("That case was answered already; its first answer counts. This is the next one."))
    return redirect("reader_studies:read", uuid=uuid)


def _reader(request: SignedInRequest, uuid: UUID) -> Reader:
    """The person as a reader. Raises Http404 for who is none."""
    studies = ReaderStudy.objects.visible_to(request.user)
    rows = Reader.objects.filter(reader_study__in=studies, person=request.user).select_related("reader_study")
    return get_object_or_404(rows, reader_study__uuid=uuid)


def _is_reading(reader: Reader) -> bool:
    return bool(reader.joined) and not reader.left and reader.reader_study.state == ReaderStudy.State.OPEN


def _case(request: SignedInRequest, place: Place, reading: Reading, form: CaseForm) -> HttpResponse:
    reading_show(reading=reading, user=request.user)
    context: dict[str, Any] = {"place": place, "reading_row": reading, "form": form, "study": reading.case.study}
    context["reader_study"] = reading.reader.reader_study
    if reading.with_answer:
        context |= _answer(request, reading)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "reader_studies/case.html", context, status=status)


def _answer(request: SignedInRequest, reading: Reading) -> dict[str, Any]:
    """As the page of a result has it. A row of an answer never changes."""
    diagnosis = reading.case.diagnosis
    return {
        "diagnosis": diagnosis,
        "reading": in_words(diagnosis),
        "picture": picture_in_words(diagnosis),
        "is_map_shown": request.user.shows_heat_map and is_map_telling(diagnosis),
        "not_looked_for": not_looked_for(diagnosis),
    }
