"""Health, and the pages for what went wrong."""

import errno
import logging
import sys
import tempfile

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from diagnosis.classifier import classifier_status
from diagnosis.errors import DiagnosisError

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "30"


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
            return True
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
    return render(request, "413.html", {"limit_megabytes": megabytes}, status=413)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(400)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(404)


def _page(status: int) -> HttpResponse:
    """Django's own views for these look for a CSRF token in the form, which may be just what was wrong: a 500."""
    return HttpResponse(render_to_string(f"{status}.html"), status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an error that nobody caught: 503 without the database, 507 on a full disk, else 500.

    Its templates use neither the request nor the database, which may be what failed.
    """
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        response = HttpResponse(render_to_string("503.html"), status=503)
        response["Retry-After"] = RETRY_AFTER_SECONDS
        return response
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return HttpResponse(render_to_string("507.html"), status=507)
    return HttpResponse(render_to_string("500.html"), status=500)
