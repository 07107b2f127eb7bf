"""Columns that repeat what stands elsewhere, so that one index can serve a list; always written with their row."""

from typing import Any

from django.db import models

from accounts.normalise import NormalisedField, normalised

KEY_LENGTH = 150
_SEPARATORS = str.maketrans("^,", "  ")


def search_key(text: str) -> str:
    """The spelling in which a name is stored for searching and looked for.

    Letter case, full-width letters, repeated spaces and the separators of a person's name (``Doe^Jane``, ``Doe, Jane``)
    make no difference. Cut at KEY_LENGTH characters.
    """
    return normalised(" ".join(text.translate(_SEPARATORS).split()))[:KEY_LENGTH]


class SearchKeyField(NormalisedField):
    """The search key of another attribute of the same model."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        fixed = {"unique": False, "max_length": KEY_LENGTH, "default": ""}
        super().__init__(*args, source=source, **{**fixed, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = search_key(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, value)
        return value


class StudysInstitution(models.ForeignKey):
    """The institution of the row's study. No code sets it, and so it can never differ from the study's."""

    def pre_save(self, model_instance: Any, add: bool) -> int:
        institution: int = model_instance.study.institution_id
        setattr(model_instance, self.attname, institution)
        return institution
