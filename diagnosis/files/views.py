"""The only way to a stored picture or file. Each is handed out after a check, and never from a cache.

`…_of` hand out to everyone who has the clinical role, for pages and for the API. They raise FileNotFoundError.
"""

import logging
from functools import wraps
from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.roles import Parameters, SignedInRequest, SignedInView, radiographer_required
from audit.models import Action
from diagnosis.errors import ModelUnavailable, RadiographRejected
from diagnosis.files.samples import SAMPLES_RETRY_SECONDS, study_samples
from diagnosis.files.sending import download_answer, download_name, picture_answer
from diagnosis.history.recording import image_view_record, study_record, thumbnail_view_record
from diagnosis.models import Study
from diagnosis.wording.errors import error_text

logger = logging.getLogger(__name__)


def file_needed(view: SignedInView[Parameters]) -> SignedInView[Parameters]:
    """A file that the database names and the storage has lost is a 404 with that sentence, and a log record for those
    who look after the storage."""

    @wraps(view)
    def guarded(request: SignedInRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except FileNotFoundError:
            logger.error("a stored file is missing: %s", request.path)
            return render(request, "diagnosis/files/missing.html", status=HTTPStatus.NOT_FOUND)

    return guarded


def display_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The copy of the radiograph that pages show, free of metadata."""
    study = _visible_study(request, uuid)
    image_view_record(study=study, actor=request.user)
    return picture_answer(study.display)


def thumbnail_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The small copy that lists show."""
    study = _visible_study(request, uuid)
    thumbnail_view_record(study=study, actor=request.user)
    return picture_answer(study.thumbnail)


def full_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The radiograph with all its pixels, free of metadata: a copy made at the upload, where that above has fewer."""
    study = _visible_study(request, uuid)
    image_view_record(study=study, actor=request.user)
    return picture_answer(study.full if study.is_reduced else study.display)


def samples_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The radiograph's own values, for window and level in the viewer; free of everything that names the patient."""
    study = _visible_study(request, uuid)
    image_view_record(study=study, actor=request.user)
    return samples_answer(study)


def samples_answer(study: Study) -> HttpResponse:
    """Those values, or why they cannot be had."""
    try:
        body = study_samples(study)
    except RadiographRejected as refusal:
        return HttpResponse(error_text(refusal), status=HTTPStatus.UNPROCESSABLE_ENTITY, content_type="text/plain")
    except ModelUnavailable as error:
        response = HttpResponse(error_text(error), status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain")
        response["Retry-After"] = str(SAMPLES_RETRY_SECONDS)
        return response
    return HttpResponse(body, content_type="application/octet-stream")


def original_of(request: SignedInRequest, uuid: UUID) -> HttpResponseBase:
    """The file as it was uploaded, only ever to be saved: without a type that a browser would open."""
    study = _visible_study(request, uuid)
    if request.method == "GET":
        study_record(Action.ORIGINAL_DOWNLOADED, study=study, actor=request.user)
    return download_answer(study.original, download_name(study.file_name, study.format))


def _visible_study(request: SignedInRequest, uuid: UUID) -> Study:
    return get_object_or_404(Study.objects.visible_to(request.user), uuid=uuid)


def _page_of(view: SignedInView[Parameters]) -> SignedInView[Parameters]:
    return radiographer_required(require_safe(file_needed(view)))


display = _page_of(display_of)
thumbnail = _page_of(thumbnail_of)
full = _page_of(full_of)
samples = _page_of(samples_of)
original = _page_of(original_of)
