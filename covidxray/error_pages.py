"""Health, and the pages for what went wrong."""

import errno
import logging
import shutil
import sys
import tempfile
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from api.problems import is_for_api, problem
from diagnosis.errors import DiagnosisError
from diagnosis.inference.serving import classifier_status

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "30"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
"""The disk is full, or what the site may use of it."""
SPARE_BYTES = 64 * 1024**2
"""Below that much free space the largest radiograph with its copies could not be stored."""


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when a radiograph could be classified and stored now, 503 when not, and which part is missing."""
    parts = {"database": _database_answers(), "storage": _storage_is_writable(), "model": _model_is_ready()}
    body = {name: "ok" if ready else "unavailable" for name, ready in parts.items()}
    return JsonResponse(body, status=200 if all(parts.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _storage_is_writable() -> bool:
    try:
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT):
            return shutil.disk_usage(settings.MEDIA_ROOT).free >= SPARE_BYTES
    except OSError:
        return False


def _model_is_ready() -> bool:
    try:
        classifier_status()
    except DiagnosisError as error:
        logger.warning("No model is ready: %s", error.code)
        return False
    return True


def request_too_large(request: HttpRequest) -> HttpResponse:
    """413: more was sent than one upload may hold."""
    megabytes = settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2
    if is_for_api(request):
        sentence = _("One upload may hold %(limit_megabytes)s MB. Nothing was stored. Choose a smaller file.")
        return problem(413, "too-large", sentence % {"limit_megabytes": megabytes})
    return render(request, "413.html", {"limit_megabytes": megabytes}, status=413)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _told(request, HTTPStatus.BAD_REQUEST)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _told(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _told(request, HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an error that nobody caught: 503 without the database, 507 on a full disk, else 500.

    Its templates use neither the request nor the database, which may be what failed.
    """
    status = _status_of(sys.exc_info()[1])
    response = _told(request, status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def _status_of(error: BaseException | None) -> HTTPStatus:
    if isinstance(error, OperationalError | InterfaceError):
        return HTTPStatus.SERVICE_UNAVAILABLE
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return HTTPStatus.INSUFFICIENT_STORAGE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _told(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    """A page for a person, and the same words for a program.

    Django's own views for these look for a CSRF token in the form, which may be just what was wrong: a 500.
    """
    if is_for_api(request):
        code, sentence = _FOR_PROGRAMS[status]
        return problem(status, code, sentence)
    return HttpResponse(render_to_string(f"{status:d}.html"), status=status)


_FOR_PROGRAMS = {
    HTTPStatus.BAD_REQUEST: ("parse-error", gettext_lazy("This request could not be understood")),
    HTTPStatus.FORBIDDEN: ("permission-denied", gettext_lazy("This page is not open to you")),
    HTTPStatus.NOT_FOUND: ("not-found", gettext_lazy("There is no such page")),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "unavailable",
        gettext_lazy("Its database is not reachable. Nothing was stored. Try again in half a minute."),
    ),
    HTTPStatus.INSUFFICIENT_STORAGE: (
        "storage-full",
        gettext_lazy("Nothing was stored. Tell your administrator that the disk has no space left, then upload again."),
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "fault",
        gettext_lazy(
            "Nothing was stored, and the fault is in the log. Try again; if it happens again, tell your "
            "administrator when it happened."
        ),
    ),
}
