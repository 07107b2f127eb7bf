"""One spelling for names that a person would take for the same: ``Alice``, ``alice``, full-width letters.

The result is in a column of its own that carries the unique constraint, because a database's own rule for letter
case differs (SQLite, MariaDB), and MariaDB has no unique index over an expression.
"""

import unicodedata
from typing import Any

from django.db import models


def normalised(text: str) -> str:
    """Return `text` in the form in which two spellings of one name are equal.

    Case folding can undo the compatibility form and the other way round (Unicode 3.13, D147), so NFKC is applied
    before and after it.
    """
    folded = unicodedata.normalize("NFKC", text.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)


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
