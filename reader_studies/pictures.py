"""The pictures of the case that is open in front of a reader, under addresses that name no study and no patient."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.roles import Parameters, SignedInRequest, SignedInView, radiographer_required
from diagnosis.files.sending import picture_answer
from diagnosis.files.views import file_needed, samples_answer
from diagnosis.history.recording import image_view_record
from diagnosis.imaging.rendering import coloured_heat_map
from diagnosis.models import Study
from reader_studies.models import Reading


def _page_of(view: SignedInView[Parameters]) -> SignedInView[Parameters]:
    return radiographer_required(require_safe(file_needed(view)))


def _reading(request: SignedInRequest, uuid: UUID) -> Reading:
    rows = Reading.objects.shown_to(request.user).select_related("case__study", "case__diagnosis")
    return get_object_or_404(rows, uuid=uuid)


def _study(request: SignedInRequest, uuid: UUID) -> Study:
    study = _reading(request, uuid).case.study
    image_view_record(study=study, actor=request.user)
    return study


@_page_of
def display(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    return picture_answer(_study(request, uuid).display)


@_page_of
def full(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    study = _study(request, uuid)
    return picture_answer(study.full if study.is_reduced else study.display)


@_page_of
def samples(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    return samples_answer(_study(request, uuid))


@_page_of
def heat_map(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    return _map(request, uuid, "heat_map")


@_page_of
def opacity_map(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    return _map(request, uuid, "opacity_map")


def _map(request: SignedInRequest, uuid: UUID, column: str) -> HttpResponse:
    """Only where the model's answer belongs to the reading."""
    reading = _reading(request, uuid)
    stored = bytes(getattr(reading.case.diagnosis, column))
    if not reading.with_answer or not stored:
        raise Http404
    study = reading.case.study
    image_view_record(study=study, actor=request.user)
    return HttpResponse(coloured_heat_map(stored, width=study.width, height=study.height), content_type="image/png")
