"""The warning before a session ends on its own."""

from typing import Any

from django import template

from accounts.sessions import seconds_left

register = template.Library()

WARNED_SECONDS_BEFORE = 120


@register.inclusion_tag("accounts/_session_notice.html", takes_context=True)
def session_notice(context: dict[str, Any]) -> dict[str, int]:
    return {"seconds": seconds_left(context["request"]), "warn": WARNED_SECONDS_BEFORE}
