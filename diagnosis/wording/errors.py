"""The sentence of a typed error in the person's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from diagnosis.errors import DiagnosisError


def error_text(error: DiagnosisError) -> str:
    """The sentence of an error in the person's language; English where it is not translated."""
    sentence = _(error.message)
    return sentence % error.values if error.values else sentence
