"""Outgoing: the outbox of results for the PACS; one row for each object, with its UID, state and attempts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import narrowed
from attempts.rows import Attempted
from diagnosis.models import Diagnosis, StudyEvent
from diagnosis.reviews.blinding import hides_some, revealed_to
from pacs.models.instances import Instance
from pacs.models.peers import Peer


def revision_of(event: StudyEvent | None) -> str:
    """Of an event's objects; not its number, which another database would give anew."""
    return f"{event.kind} {event.created.isoformat()}" if event else ""


class OutgoingQuerySet(models.QuerySet["Outgoing"]):
    def shown_to(self, user: User) -> Self:
        """Of results that the person may see (`narrowed`); to a blind reader, only of those that are not hidden.

        That an object was sent after a review says that there is a review.
        """
        own = Q(diagnosis__study__uploaded_by=user)
        seen = narrowed(self, user, own=own, institution="diagnosis__study__institution")
        if hides_some(user):
            seen = seen.filter(diagnosis__in=revealed_to(user, Diagnosis.objects.visible_to(user)))
        return seen.select_related("diagnosis__study", "peer")

    def due(self, now: datetime) -> Self:
        """What is to be sent now, longest waiting first."""
        return self.filter(state=Outgoing.State.WAITING, next_at__lte=now).order_by("next_at", "pk")


class Outgoing(Attempted):
    """One object that is to be in an archive: made anew at every attempt, under a UID that never changes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("To be sent")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Failed")

    class Kind(models.TextChoices):
        REPORT = "sr", _("Structured report")
        PICTURE = "sc", _("Picture with the answer and the heat map")
        PDF = "pdf", _("PDF report")

    uuid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="+")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, null=True, related_name="outgoing")
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="+", verbose_name=_("to"))
    kind = models.CharField(_("object"), max_length=10, choices=Kind)
    event = models.ForeignKey(
        StudyEvent,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text="The review, voiding or restoring that the object is about. None for the first one of a result.",
    )
    sop_instance_uid = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    sent = models.DateTimeField(_("sent"), null=True)

    objects = OutgoingQuerySet.as_manager()

    class Meta:
        verbose_name = _("result for the PACS")
        verbose_name_plural = _("results for the PACS")
        constraints = [
            models.UniqueConstraint(fields=["peer", "sop_instance_uid"], name="one_row_per_object_and_peer"),
        ]
        indexes = [models.Index(fields=["state", "next_at"], name="outgoing_due")]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def most_attempts(self) -> int:
        most: int = settings.PACS_ATTEMPTS
        return most

    @property
    def revision(self) -> str:
        """What sets its UID apart from that of the first object of the result."""
        return revision_of(self.event)
