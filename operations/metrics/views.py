"""/metrics: for a Prometheus that brings the token, and for no one else; without METRICS_TOKEN it is not there."""

from hmac import compare_digest
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from operations.metrics.exposition import exposition


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        refused = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("The token is missing or wrong.\n", "text/plain", HTTPStatus.UNAUTHORIZED, headers=refused)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
