"""The only way to a stored picture or file. Each is handed out after a check, and never from a cache.

`…_of` hand out to whoever has the clinical role, for pages and for the API. They raise FileNotFoundError.
"""

import logging
import threading
from functools import wraps
from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.roles import Parameters, SignedInRequest, SignedInView, radiographer_required
from audit.models import Action
from diagnosis.files.sending import download_answer, picture_answer, stored
from diagnosis.history.recording import image_view_record, study_record
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.imaging.rendering import full_jpeg
from diagnosis.models import Study

logger = logging.getLogger(__name__)

# A picture of 40 megapixels takes a second and hundreds of megabytes to decode.
_decoding = threading.Lock()


def file_needed(view: SignedInView[Parameters]) -> SignedInView[Parameters]:
    """A file that the database names and the storage has lost is a 404 with that sentence, and a record for whoever
    looks after the storage."""

    @wraps(view)
    def guarded(request: SignedInRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except FileNotFoundError:
            logger.error("a stored file is missing: %s", request.path)
            return render(request, "diagnosis/files/missing.html", status=HTTPStatus.NOT_FOUND)

    return guarded


@radiographer_required
@require_safe
@file_needed
def display(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The copy of the radiograph that pages show, free of metadata."""
    return display_of(request, uuid)


def display_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    study = _visible_study(request, uuid)
    image_view_record(study=study, actor=request.user)
    return picture_answer(study.display)


@radiographer_required
@require_safe
@file_needed
def thumbnail(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The small copy that lists show."""
    return thumbnail_of(request, uuid)


def thumbnail_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    return picture_answer(_visible_study(request, uuid).thumbnail)


@radiographer_required
@require_safe
@file_needed
def full(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The radiograph with all its pixels, free of metadata: decoded again, where the copy above has fewer."""
    return full_of(request, uuid)


def full_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    study = _visible_study(request, uuid)
    image_view_record(study=study, actor=request.user)
    if not study.is_reduced:
        return picture_answer(study.display)
    with stored(study.original) as file:
        content = file.read()
    with _decoding:
        picture = full_jpeg(read_radiograph(content).pixels)
    return HttpResponse(picture, content_type="image/jpeg")


@radiographer_required
@require_safe
@file_needed
def original(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The file as it was uploaded, only ever to be saved: without a type that a browser would open."""
    return original_of(request, uuid)


def original_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    study = _visible_study(request, uuid)
    if request.method == "GET":
        study_record(Action.ORIGINAL_DOWNLOADED, study=study, actor=request.user)
    return download_answer(study.original, study.file_name)


def _visible_study(request: SignedInRequest, uuid: UUID) -> Study:
    return get_object_or_404(Study.objects.visible_to(request.user), uuid=uuid)
