"""The radiographer's pages: home, one result."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts.roles import SignedInRequest, radiographer_required
from diagnosis.history.recording import image_view_record
from diagnosis.imaging.rendering import coloured_heat_map
from diagnosis.models import Diagnosis
from diagnosis.results.page import show_result
from diagnosis.reviews.access import read_first, refuse_hidden


@radiographer_required
@require_safe
def result(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """One diagnosis: the radiograph with its heat map, the answer, and where both came from."""
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user).with_rows_shown(), uuid=uuid)
    return show_result(request, diagnosis)


@radiographer_required
@require_safe
@read_first
def heat_map(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The heat map of a diagnosis in colour, transparent where there is no evidence."""
    return heat_map_of(request, uuid)


@radiographer_required
@require_safe
@read_first
def opacity_map(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """Where opacities are, in colour, transparent where there are none."""
    return opacity_map_of(request, uuid)


def heat_map_of(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The same for pages and for the API. Raises AnswerHidden."""
    return _map_of(request, uuid, "heat_map")


def opacity_map_of(request: SignedInRequest, uuid: UUID) -> HttpResponse:
    """The same for pages and for the API. Raises AnswerHidden."""
    return _map_of(request, uuid, "opacity_map")


def _map_of(request: SignedInRequest, uuid: UUID, column: str) -> HttpResponse:
    diagnosis = get_object_or_404(Diagnosis.objects.visible_to(request.user).select_related("study"), uuid=uuid)
    refuse_hidden(request.user, diagnosis)
    stored = bytes(getattr(diagnosis, column))
    if not stored:
        raise Http404
    study = diagnosis.study
    image_view_record(study=study, actor=request.user)
    return HttpResponse(coloured_heat_map(stored, width=study.width, height=study.height), content_type="image/png")
