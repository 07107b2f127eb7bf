"""Who may ask, and in which form. The settings name these classes, for every view of the API."""

from __future__ import annotations

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsRadiographer(BasePermission):
    """The clinical role, as `accounts.roles.radiographer_required` asks for it on pages."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.is_radiographer)


class OneTypeOnly(BaseContentNegotiation):
    """Every address has one type of content, whatever the client would like."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """None for a body of another type, which is a 415 then."""
        return next((parser for parser in parsers if _has_type(request, parser.media_type)), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def _has_type(request: Request, media_type: str) -> bool:
    return str(request.content_type).partition(";")[0].strip().lower() == media_type
