"""Rate limit of the API: requests in a minute by one person or one address. `accounts.api_use` counts."""

from __future__ import annotations

from typing import Any, ClassVar

from axes.helpers import get_client_ip_address
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.api_use import address_key, seconds_to_next_span, use_is_allowed


class _OfPerson(BaseThrottle):
    scope: ClassVar[str]

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = getattr(settings, f"API_{self.scope.upper()}_PER_MINUTE")
        return use_is_allowed(f"{self.scope}:{self.key(request)}", limit)

    def key(self, request: Request) -> str:
        return str(request.user.pk)

    def wait(self) -> float:
        return seconds_to_next_span()


class RequestsOfPerson(_OfPerson):
    """All requests of a person, whatever the token."""

    scope = "requests"


class UploadsOfPerson(_OfPerson):
    """Each upload takes the processors for a while."""

    scope = "uploads"


class SignInsFromAddress(_OfPerson):
    """Each try costs a password hash. The address is the one that the lock-out counts by, behind a proxy too."""

    scope = "sign_ins"

    def key(self, request: Request) -> str:
        return address_key(get_client_ip_address(request._request) or "")
