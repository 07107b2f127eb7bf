"""A hidden field by which a form's values come back after an expired session, to the person who typed them only."""

from typing import Any

from django import forms, template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.typed import FIELD, person_signed

register = template.Library()


@register.simple_tag(takes_context=True)
def typed_token(context: dict[str, Any], form: forms.Form | None = None) -> SafeString:
    """Next to `csrf_token`. Of a form that shows what was typed before, the values count as typed."""
    is_typed = bool(form and (form.is_bound or getattr(form, "is_restored", False)))
    value = person_signed(context["request"].user)
    return format_html(
        '<input type="hidden" name="{}" value="{}" data-typed="{}">', FIELD, value, "yes" if is_typed else ""
    )
