"""Instance: the ledger of radiographs from the PACS; one row for each SOP Instance UID of an institution."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from accounts.scope import narrowed
from attempts.rows import Attempted
from diagnosis.models import Diagnosis, Study
from diagnosis.models.patients import REFERENCE_KEY_LENGTH
from pacs.models.peers import Peer

_OF_THE_PERSON: dict[str, Any] = {
    "accession_number": "",
    "requesting_department": "",
    "acquired": None,
    "series_instance_uid": "",
    "study_instance_uid": "",
    "reference_key": "",
    "file": "",
    "worker": "",
    "attempts": 0,
    "state": "erased",
    "study": None,
}


def FORGET(collector: Any, field: models.Field, rows: Sequence[models.Model], using: str) -> None:  # noqa: N802
    """What becomes of the row when its study is erased: it knows the SOP Instance UID, and nothing else of the person.

    The UID has to stay: without it an archive that is watched would bring the erased radiograph back.
    """
    for name, value in _OF_THE_PERSON.items():
        collector.add_field_update(Instance._meta.get_field(name), value, rows)


class InstanceQuerySet(models.QuerySet["Instance"]):
    def visible_to(self, user: User) -> Self:
        """Those of the person's own institution, or only what they fetched, for the clinical role only: `narrowed`."""
        return narrowed(self, user, own=Q(person=user))

    def due(self, now: datetime) -> Self:
        """What is to be fetched or classified now, longest waiting first."""
        return self.filter(state__in=Instance.OPEN, next_at__lte=now).order_by("next_at", "pk")

    def shown(self) -> Self:
        """What a page lists: everything but the radiographs that were erased."""
        return self.exclude(state=Instance.State.ERASED).select_related("peer", "study")

    def forget(self) -> None:
        """Keep the SOP Instance UID and nothing else of the person. `FORGET` does the same where a study goes."""
        self.update(**_OF_THE_PERSON)


class Instance(Attempted):
    """One radiograph of a peer: found in an archive or received from it, then classified, refused or given up.

    It enters the application through `diagnosis_create` alone; the row says that it must, and that it did.
    """

    class State(models.TextChoices):
        FOUND = "found", _("To be fetched")
        RECEIVED = "received", _("Queued")
        CLASSIFIED = "classified", _("Classified")
        SENT = "sent", _("Result sent back")
        STORED = "stored", _("Stored without an answer")
        REFUSED = "refused", _("Refused")
        DEAD = "dead", _("Failed")
        ERASED = "erased", _("Erased")

    class Way(models.TextChoices):
        STORE = "store", _("sent here")
        WATCH = "watch", _("fetched automatically")
        HAND = "hand", _("fetched by a person")

    OPEN = (State.FOUND, State.RECEIVED)
    """Still to be worked on."""

    uuid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("institution")
    )
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="instances", verbose_name=_("from"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Stored on behalf of the person who fetched it, otherwise of the institution's service account."),
    )
    way = models.CharField(_("how it arrived"), max_length=5, choices=Way)
    sop_instance_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64, blank=True)
    series_instance_uid = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True)
    ae_title = models.CharField(_("AE title"), max_length=16, blank=True)
    modality = models.CharField(_("modality"), max_length=16, blank=True)
    accession_number = models.CharField(_("accession number"), max_length=64, blank=True)
    reference_key = models.CharField(max_length=REFERENCE_KEY_LENGTH, blank=True)  # by which a patient's are found
    requesting_department = models.CharField(_("requesting department"), max_length=64, blank=True)
    acquired = models.DateTimeField(_("acquired"), null=True)
    arrived = models.DateTimeField(_("received"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.FOUND)
    file = models.CharField(max_length=64, blank=True)  # name in PACS_INBOX, while there is one
    without_answer = models.BooleanField(default=False)  # a person wants it stored where the model refuses it
    size = models.PositiveBigIntegerField(default=0)
    study = models.ForeignKey(Study, on_delete=FORGET, null=True, related_name="pacs_instances")

    objects = InstanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("radiograph from the PACS")
        verbose_name_plural = _("radiographs from the PACS")
        constraints = [
            models.UniqueConstraint(fields=["institution", "sop_instance_uid"], name="one_row_per_received_instance"),
        ]
        indexes = [
            models.Index(fields=["state", "next_at"], name="instances_due"),
            models.Index(fields=["institution", "created"], name="instances_by_date"),
            models.Index(fields=["institution", "reference_key"], name="instances_by_patient"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def most_attempts(self) -> int:
        most: int = settings.PACS_ATTEMPTS
        return most

    @property
    def diagnosis(self) -> Diagnosis | None:
        """Its newest result."""
        return self.study.diagnoses.newest_first().first() if self.study else None

    @property
    def is_stopped(self) -> bool:
        """Whether only a person sets it going again."""
        return self.state in (self.State.REFUSED, self.State.DEAD)

    @property
    def can_go_on(self) -> bool:
        """Whether there is a file, or an archive that can be asked for it; else its sender has to send it again."""
        is_named = bool(self.study_instance_uid and self.series_instance_uid)
        return bool(self.file) or (is_named and (self.peer.has_dicomweb or self.peer.has_dimse))
