"""What is left of something erased. Part of `diagnosis.models`, which names these classes too."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from diagnosis.report_models import CODE_LENGTH, Report


class ErasedReport(models.Model):
    """A report whose patient was erased: enough for the public page to say so to whoever holds a printed copy."""

    code = models.CharField(_("verification code"), max_length=CODE_LENGTH, unique=True)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    erased = models.DateTimeField(_("erased"), default=timezone.now)

    state = Report.State.ERASED

    class Meta:
        app_label = "diagnosis"
        verbose_name = _("erased report")
        verbose_name_plural = _("erased reports")

    def __str__(self) -> str:
        return self.code


class FileToErase(models.Model):
    """A stored file whose rows are gone. Its name, of UUIDs only, stays until the file is gone too."""

    name = models.CharField(max_length=100, unique=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "diagnosis"
        verbose_name = _("file to erase")
        verbose_name_plural = _("files to erase")

    def __str__(self) -> str:
        return self.name
