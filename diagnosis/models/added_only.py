"""AddedOnly: a row that is written once."""

from __future__ import annotations

from typing import Any

from django.db import models


class AddedOnly(models.Model):
    """A row that is written once. Erasing a patient goes through querysets and is the only exception."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"A {self._meta.verbose_name} never changes: add a new one, which counts from then on.")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"A {self._meta.verbose_name} is never deleted.")
