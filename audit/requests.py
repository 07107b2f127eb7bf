"""Which request something belongs to: one number in every log record, audit entry and answer."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
_NUMBER = re.compile(r"[0-9a-f]{32}")
request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Gives every request an id: that of your own proxy, so that both logs name the same request.

    One that a client sends is never taken: it could be another's. The proxy must therefore set it on every request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = _proxys_number(request) or uuid.uuid4().hex
        request_id.set(number)
        response = self.get_response(request)
        response[HEADER] = number
        return response


def _proxys_number(request: HttpRequest) -> str:
    number = request.headers.get(HEADER, "") if settings.BEHIND_PROXY else ""
    return number if _NUMBER.fullmatch(number) else ""


def forget_request(sender: object, **_signal: object) -> None:
    """Forget the id, once the answer is sent and Django has logged it."""
    request_id.set("")
