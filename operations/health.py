"""Health checks: does this process answer (healthz), and could a radiograph be classified and stored now (readyz)."""

import logging
import shutil
import tempfile

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from diagnosis.errors import DiagnosisError
from diagnosis.inference.serving import classifier_status

logger = logging.getLogger(__name__)
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
    if settings.STORAGE_S3_BUCKET:
        return _bucket_answers()
    try:
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT):
            return shutil.disk_usage(settings.MEDIA_ROOT).free >= SPARE_BYTES
    except OSError:
        return False


def _bucket_answers() -> bool:
    """Nothing is written into it: this is asked every few seconds. `check_start` did that."""
    try:
        default_storage.is_there()  # type: ignore[attr-defined]
    except OSError as error:
        logger.warning("The storage is not available: %s", error.strerror)
        return False
    return True


def _model_is_ready() -> bool:
    try:
        classifier_status()
    except DiagnosisError as error:
        logger.warning("No model is ready: %s", error.code)
        return False
    return True
