"""Institution: a hospital or practice; and the check that a name is not taken yet."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.normalise import NormalisedField, normalised

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


class Institution(models.Model):
    """A hospital or practice. What one stores, another never sees."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=150)
    name_key = NormalisedField(source="name", max_length=200)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        check_key(self, source="name", message=_("An institution with this name exists already."))


def check_key(row: models.Model, *, source: str, message: StrPromise) -> None:
    """Refuse in a form, with a sentence at its field, what the database would refuse with an error."""
    field = cast("NormalisedField", row._meta.get_field(f"{source}_key"))
    key = normalised(getattr(row, source) or "")  # None where the form has refused the value
    if len(key) > (field.max_length or 0):
        raise ValidationError({source: _("This is too long.")})
    if type(row)._default_manager.filter(**{field.name: key}).exclude(pk=row.pk).exists():
        raise ValidationError({source: message})
