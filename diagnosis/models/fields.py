"""Columns that repeat other values, so that one index can serve a list; always written with their row."""

import re
import unicodedata
from typing import Any

from django.db import models

from accounts.normalise import LONGEST, NormalisedField, normalised

KEY_LENGTH = 150
LONGEST_WORD = 84
"""InnoDB's own limit (innodb_ft_max_token_size): a full-text index has only the beginning of a longer word."""
_SEPARATORS = str.maketrans("^,", "  ")


def search_key(text: str) -> str:
    """The spelling in which a name is stored for searching and looked for.

    Letter case, full-width letters, repeated spaces and the separators of a person's name (``Doe^Jane``, ``Doe, Jane``)
    make no difference. Cut at KEY_LENGTH characters.
    """
    return normalised(" ".join(text[:LONGEST].translate(_SEPARATORS).split()))[:KEY_LENGTH]


def folded(text: str) -> str:
    """The text as it is searched: normalised, and without accents, whether they can be taken off a letter or not."""
    plain = unicodedata.normalize("NFKD", normalised(text))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(_LETTERS)


# Letters of Latin alphabets that are no letter with a mark to Unicode; folding the case has made two letters of ß.
_LETTERS = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ŧ": "t"})
_LETTERS |= {ord("ŋ"): "n", ord("\N{LATIN SMALL LETTER DOTLESS I}"): "i"}


class SearchKeyField(NormalisedField):
    """The search key of another attribute of the same model."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        fixed = {"unique": False, "max_length": KEY_LENGTH, "default": ""}
        super().__init__(*args, source=source, **{**fixed, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = search_key(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, value)
        return value


def words_of(text: str, longest: int = LONGEST) -> list[str]:
    """Each run of letters and digits, in the spelling in which words are stored for searching and looked for.

    Of more than `longest` characters only that many are looked at.
    """
    return [word[:LONGEST_WORD] for word in re.findall(r"\w+", normalised(text, longest))]


class WordsField(models.TextField):
    """The words of another attribute of the same model, with a space between.

    Cut into words here, because each database has rules of its own for where a word ends and which letters are equal.
    """

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **{"default": "", "editable": False, **kwargs})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        longest = getattr(model_instance._meta.get_field(self.source), "max_length", None) or LONGEST
        value = " ".join(words_of(getattr(model_instance, self.source), longest))
        setattr(model_instance, self.attname, value)
        return value


class StudysOutcome(models.CharField):
    """The outcome of the row's study when the row is stored. Who changes it there changes it here (`outcome_add`)."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        outcome: str = model_instance.study.outcome
        setattr(model_instance, self.attname, outcome)
        return outcome


class StudysInstitution(models.ForeignKey):
    """The institution of the row's study. No code sets it, and so it can never differ from the study's."""

    def get_internal_type(self) -> str:
        """Django asks by this name whether MySQL needs an index for it."""
        return "ForeignKey"

    def pre_save(self, model_instance: Any, add: bool) -> int:
        institution: int = model_instance.study.institution_id
        setattr(model_instance, self.attname, institution)
        return institution
