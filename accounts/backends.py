"""How a password is checked: the try is counted first, in one step with the question whether one more is allowed.

Counted afterwards, as django-axes does it, tries that are made at the same moment would all be allowed.
"""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.models import AccessAttempt
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest

from accounts.hashing import HashingBusy
from accounts.lockout import AxesRequest, try_count, try_take_back


class LockoutBackend(AxesStandaloneBackend):
    """Refuses where it is locked out; else counts the try."""

    def authenticate(self, request: AxesRequest, username: str | None = None, **credentials: Any) -> None:
        with transaction.atomic():
            _take_turns()
            super().authenticate(request, username=username, **credentials)
            try_count(request, {"username": username})


def _take_turns() -> None:
    """Of all that check and count, one at a time, in every process: there may be no row yet that could be locked."""
    found = ContentType.objects.filter(app_label="axes", model=AccessAttempt._meta.model_name)
    list(found.select_for_update())


class PasswordBackend(ModelBackend):
    """Django's own. A right password takes its try back, and so does one that could not be looked at."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:  # type: ignore[override]
        try:
            person = super().authenticate(request, **credentials)
        except HashingBusy:
            try_take_back(request)
            raise
        if person is not None:
            try_take_back(request)
        return person
