"""Light or dark, in templates."""

from typing import Any

from django import template

from accounts.appearance import theme_of

register = template.Library()


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """ "light" or "dark" where the person chose one; else nothing, and the system's wish counts."""
    request = context.get("request")
    return theme_of(request) if request else context.get("theme", "")
