"""One spelling for names that a person would take for the same: ``Alice``, ``alice``, full-width letters.

The result is in a column of its own that carries the unique constraint, because a database's own rule for letter
case differs (SQLite, MariaDB), and MariaDB has no unique index over an expression.
"""

import unicodedata
from typing import Any

from django.db import models

LONGEST = 400
"""Characters that `normalised` looks at: every name, address and reference here is shorter."""
_CUT = "\N{HORIZONTAL ELLIPSIS}"  # no normalised text holds one: NFKC makes it three full stops
_MOST_MARKS = 30
_JOINER = "\N{COMBINING GRAPHEME JOINER}"


def normalised(text: str, longest: int = LONGEST) -> str:
    """Return `text` in the form in which two spellings of one name are equal.

    Case folding can undo the compatibility form and the other way round (Unicode 3.13, D147), so NFKC is on both sides
    of it. Of more than `longest` characters only that many are looked at, and the result is equal to that of no shorter
    text: anyone may send a text of any length, and NFKC holds Python's lock.
    """
    stripped = text.strip()
    folded = unicodedata.normalize("NFKC", with_few_marks(stripped[:longest])).casefold()
    return unicodedata.normalize("NFKC", folded) + (_CUT if len(stripped) > longest else "")


def with_few_marks(text: str) -> str:
    """The same text with a joiner after each 30 combining marks in a row (Stream-Safe Text Format, UAX 15, section 13).

    Putting marks into their order costs the square of their number: what is normalised has passed here first.
    """
    if text.isascii():
        return text
    kept, marks = list[str](), 0
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        if marks > _MOST_MARKS:
            kept.append(_JOINER)
            marks = 1
        kept.append(character)
    return "".join(kept)


def _is_mark(character: str) -> bool:
    """Whether what the character decomposes into begins with a combining mark."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) != 0


class NormalisedField(models.CharField):
    """The normalised text of another field of the same model, always written together with the row."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **{"unique": True, "editable": False, **kwargs})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = normalised(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, value)
        return value


class FoundByField(NormalisedField):
    """Some fields together, one behind the other, as people look for them; need not be unique. Cut at its length."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        super().__init__(*args, source=source, **{"unique": False, "max_length": 300, "default": "", **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        together = " ".join(getattr(model_instance, name) for name in self.source.split())
        value = normalised(together)[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value
