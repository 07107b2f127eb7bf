"""The sentence of a typed error in the person's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from diagnosis.errors import DiagnosisError


def error_text(error: DiagnosisError) -> str:
    """The sentence of an error in the person's language; English where it is not translated."""
    sentence = _(error.message)
    return sentence % error.values if error.values else sentence


def stored_text(refusal: Mapping[str, Any] | None) -> str:
    """The same of an error that was stored (`DiagnosisError.as_stored`); nothing where there is none."""
    if not refusal:
        return ""
    return error_text(DiagnosisError(refusal["message"], refusal["code"], **refusal["values"]))
