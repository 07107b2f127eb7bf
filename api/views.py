"""What all views of the API have in common."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.preferences import preferences_activate
from api.errors import Problem

MOST_LISTED = 100


class ApiView(APIView):
    """Asks who it is, and then puts that person's time zone and language in force, as the pages do."""

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if request.user.is_authenticated:
            preferences_activate(request.user)


def text_fields(request: Request, prefix: str = "", *, lists: Collection[str] = ()) -> dict[str, Any]:
    """The body as a form takes it; the fields named by `lists` may be lists of texts. Raises Problem for other JSON."""
    body = request.data
    if not isinstance(body, dict) or not all(_is_field(*pair, lists) for pair in body.items()):
        raise Problem(422, "invalid", _("Send a JSON object whose values are texts."))
    start = f"{prefix}-" if prefix else ""
    return {f"{start}{name}": value for name, value in body.items() if value is not None}


def _is_field(name: object, value: object, lists: Collection[str]) -> bool:
    if name in lists and isinstance(value, list):
        return len(value) <= MOST_LISTED and all(_is_text(each) and each is not None for each in value)
    return _is_text(name) and _is_text(value)


def _is_text(value: object) -> bool:
    """Text or nothing. Half of a surrogate pair, which JSON can write, is none: nothing stores or tells it."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None
