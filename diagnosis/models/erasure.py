"""What is left of something erased. Part of `diagnosis.models`, which names these classes too."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class FileToErase(models.Model):
    """A stored file whose rows are gone. Its name, of UUIDs only, stays until the file is gone too."""

    name = models.CharField(max_length=100, unique=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("file to erase")
        verbose_name_plural = _("files to erase")

    def __str__(self) -> str:
        return self.name
