"""What all views of the API have in common."""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.preferences import preferences_activate
from api.errors import Problem


class ApiView(APIView):
    """Asks who it is, and then puts that person's time zone and language in force, as the pages do."""

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if request.user.is_authenticated:
            preferences_activate(request.user)


def text_fields(request: Request, prefix: str = "") -> dict[str, str]:
    """The body as a form takes it. Raises Problem for anything but a JSON object of texts."""
    body = request.data
    if not isinstance(body, dict) or not all(_is_text(value) for pair in body.items() for value in pair):
        raise Problem(422, "invalid", _("Send a JSON object whose values are texts."))
    start = f"{prefix}-" if prefix else ""
    return {f"{start}{name}": value for name, value in body.items() if value is not None}


def _is_text(value: object) -> bool:
    """Text or nothing. Half of a surrogate pair, which JSON can write, is none: nothing stores or tells it."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None
