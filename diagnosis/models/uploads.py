"""Upload history: what became of each file that a person uploaded, kept for a few days. Part of `diagnosis.models`."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.institutions import Institution
from accounts.models.people import User
from diagnosis.models.patients import REFERENCE_KEY_LENGTH
from diagnosis.models.studies import Study

HISTORY_DAYS = 7
HELD_MINUTES = 60
UPLOADED_NAME_LENGTH = 250
"""Of a file in a ZIP: the names of both."""


def history_since() -> datetime:
    """What is older than this is no longer shown."""
    return timezone.now() - timedelta(days=HISTORY_DAYS)


def held_since() -> datetime:
    """A file that was refused before this is no longer held."""
    return timezone.now() - timedelta(minutes=HELD_MINUTES)


class UploadRecordQuerySet(models.QuerySet["UploadRecord"]):
    def visible_to(self, user: User) -> Self:
        """The person's own of the last days, and no one else's: a file's name may be a patient's."""
        return self.filter(user=user, created__gte=history_since()) if user.is_radiographer else self.none()

    def newest_first(self) -> Self:
        return self.order_by("-pk").select_related("study")

    def refused(self) -> Self:
        return self.filter(state=UploadRecord.State.REFUSED)

    def held(self) -> Self:
        return self.filter(held__gt="")


class UploadRecord(models.Model):
    """One uploaded file, and what became of it.

    `held` is a refused file that can still be stored without an answer, or turned, with one click; `entered` is what
    was entered with it. Both go within HELD_MINUTES, the row within HISTORY_DAYS, all of it with the patient.
    """

    class State(models.TextChoices):
        DONE = "done", _("Classified")
        REPEAT = "repeat", _("Already uploaded")
        VOIDED = "voided", _("Voided")
        STORED = "stored", _("Stored without an answer")
        REFUSED = "refused", _("Not classified")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    file_name = models.CharField(_("file name"), max_length=UPLOADED_NAME_LENGTH)
    state = models.CharField(_("what became of it"), max_length=10, choices=State)
    refusal = models.JSONField(_("why it was refused"), null=True)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="upload_records")
    reference_key = models.CharField(_("patient's reference"), max_length=REFERENCE_KEY_LENGTH, blank=True)
    held = models.FileField(_("the refused file"), max_length=100, blank=True)
    entered = models.JSONField(_("what was entered with it"), null=True, encoder=DjangoJSONEncoder)

    objects = UploadRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        indexes = [
            models.Index(fields=["user", "created"], name="uploads_of_person"),
            models.Index(fields=["held"], name="uploads_held"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def is_held(self) -> bool:
        """Whether the file can still be stored, or turned, from here."""
        return bool(self.held) and self.created >= held_since()

    @property
    def correction(self) -> str:
        """Turned or inverted like this, the refused picture can be assessed."""
        return (self.refusal or {}).get("correction", "")

    @property
    def correction_label(self) -> str:
        return str(Study.Correction(self.correction).label) if self.correction else ""
