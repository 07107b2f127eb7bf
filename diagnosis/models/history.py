"""StudyEvent: one line of a study's history."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from diagnosis.models.added_only import AddedOnly


class StudyEventQuerySet(models.QuerySet["StudyEvent"]):
    def in_order(self) -> Self:
        """Oldest first, with all that a line of the history reads."""
        return self.order_by("pk").select_related("actor")


class StudyEvent(AddedOnly):
    """One line of a study's history. `detail` holds what the line says apart from its kind, as plain JSON."""

    class Kind(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        CLASSIFIED = "classified", _("Classified")
        READ = "read", _("Read before the model's answer was shown")
        REVIEWED = "reviewed", _("Reviewed")
        OUTCOME = "outcome", _("RT-PCR outcome entered")
        EDITED = "edited", _("Details changed")
        MOVED = "moved", _("Moved to another patient")
        MERGED = "merged", _("Patients merged")
        UNMERGED = "unmerged", _("Merge undone")
        VOIDED = "voided", _("Voided")
        RESTORED = "restored", _("Restored")
        REPORTED = "reported", _("Report made")
        PRINTED = "printed", _("Report opened or downloaded")

    study = models.ForeignKey("diagnosis.Study", on_delete=models.PROTECT, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    kind = models.CharField(_("what"), max_length=20, choices=Kind)
    detail = models.JSONField(_("detail"), default=dict, encoder=DjangoJSONEncoder)

    objects = StudyEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
