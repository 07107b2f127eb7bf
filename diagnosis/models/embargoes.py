"""Embargo: an answer that is hidden from one person, whatever their own settings. Part of `diagnosis.models`."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class EmbargoQuerySet(models.QuerySet["Embargo"]):
    def in_force(self) -> Self:
        return self.filter(is_in_force=True)


class Embargo(models.Model):
    """A study whose answer is hidden from a reader, because of something that is read without it (a reader study).

    `purpose` is the identifier of what it is for, which begins and ends it. One that is over stays only where the
    answer was shown to the reader there: then a reader who reads blind has seen it.
    """

    study = models.ForeignKey("diagnosis.Study", on_delete=models.CASCADE, related_name="+")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.UUIDField(editable=False)
    is_in_force = models.BooleanField(_("in force"), default=True)

    objects = EmbargoQuerySet.as_manager()

    class Meta:
        verbose_name = _("embargo")
        verbose_name_plural = _("embargoes")
        constraints = [models.UniqueConstraint(fields=["reader", "study", "purpose"], name="one_embargo_per_purpose")]

    def __str__(self) -> str:
        return f"study {self.study_id}"
