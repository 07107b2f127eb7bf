"""What holds for every request: how large it may be, and that no answer is kept in a cache."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.api_tokens import bears_token
from api.problems import is_for_api
from covidxray.error_pages import request_too_large

Next = Callable[[HttpRequest], HttpResponse]

_CHUNK_BYTES = 1024 * 1024


class NoStoreMiddleware:
    """Forbids every cache to keep a page or an image. Static files, which are no secret, never come here."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Cache-Control"] = "private, no-store"
        return response


class RequestSizeMiddleware:
    """Refuses a request that says it is larger than the limit, before anything of it is parsed."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = _declared_bytes(request)
        if size > settings.ANONYMOUS_MAX_REQUEST_BYTES and size > _limit(request):
            _discard_body(request)
            return request_too_large(request)
        return self.get_response(request)


def _declared_bytes(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _limit(request: HttpRequest) -> int:
    signed_in = bears_token(request) if is_for_api(request) else request.user.is_authenticated
    return settings.UPLOAD_MAX_REQUEST_BYTES if signed_in else settings.ANONYMOUS_MAX_REQUEST_BYTES


def _discard_body(request: HttpRequest) -> None:
    """Read and forget at most as much as an allowed upload: a browser shows no answer until it has sent its request."""
    for _ in range(settings.UPLOAD_MAX_REQUEST_BYTES // _CHUNK_BYTES):
        if not request.read(_CHUNK_BYTES):
            return
