"""Claim: who is reading a study now, so that two people do not read the same one. Part of `diagnosis.models`."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ClaimQuerySet(models.QuerySet["Claim"]):
    def in_force(self) -> Self:
        return self.filter(until__gt=timezone.now())


class Claim(models.Model):
    """A person reads a study until a moment, or until they have reviewed it. It keeps nobody from a review."""

    study = models.OneToOneField("diagnosis.Study", on_delete=models.CASCADE, related_name="claim")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField(_("until"), db_index=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")

    def __str__(self) -> str:
        return f"study {self.study_id}"
