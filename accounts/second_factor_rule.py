"""Who may do nothing without a second factor: one rule for pages and for the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from accounts.models import User


def needs_second_factor(user: User) -> bool:
    """Whether the person administers, where that takes a second factor."""
    return bool(settings.REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS and (user.is_staff or user.is_superuser))
