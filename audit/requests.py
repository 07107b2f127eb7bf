"""Which request something belongs to: one number in every log record, audit entry and answer."""

import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Gives every request a number of its own. One that the client sends is not taken: it could be any text."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = uuid.uuid4().hex
        request_id.set(number)
        response = self.get_response(request)
        response[HEADER] = number
        return response


def forget_request(sender: object, **_signal: object) -> None:
    """Not before the answer is sent and Django has written its own record of it."""
    request_id.set("")
