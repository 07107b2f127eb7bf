"""Uploads that could not be assessed: that there was one, and why; nothing of the file. Part of `diagnosis.models`."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.institutions import Institution
from accounts.models.people import User
from accounts.scope import narrowed

REASON_LENGTH = 40


class RefusalQuerySet(models.QuerySet["Refusal"]):
    def visible_to(self, user: User) -> Self:
        """Refusals of the person's own institution, or only the own ones, for the clinical role only: `narrowed`."""
        return narrowed(self, user, own=Q(user=user))

    def since(self, moment: datetime) -> Self:
        return self.filter(created__gte=moment)


class Refusal(models.Model):
    """One upload that was refused for what the file is. Neither the file nor its name is kept."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH)

    objects = RefusalQuerySet.as_manager()

    class Meta:
        verbose_name = _("refused upload")
        verbose_name_plural = _("refused uploads")
        indexes = [models.Index(fields=["institution", "created"], name="refusals_by_date")]

    def __str__(self) -> str:
        return f"{self.reason} {self.pk}"
