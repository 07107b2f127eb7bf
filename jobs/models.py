"""Job: many radiographs that are classified in the background. Item: one of them, with its answer or its refusal.

These rows are the truth about a job; a message of the queue carries an item's number and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from attempts.rows import Attempted
from diagnosis.models import Diagnosis, Study

NAME_LENGTH = 120
ITEM_NAME_LENGTH = 250


def kept_since() -> datetime:
    """A job that ended before this is deleted, and shown no more."""
    return timezone.now() - timedelta(days=settings.JOBS_KEPT_DAYS)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: User) -> Self:
        """The person's own and no one else's, as the upload history: a file's name may be a patient's."""
        if not user.is_radiographer:
            return self.none()
        own = self.filter(person=user).exclude(source=Job.Source.COMPARISON)
        return own.filter(Q(finished=None) | Q(finished__gte=kept_since()))

    def comparisons(self) -> Self:
        """Those of two versions, the newest first."""
        return self.filter(source=Job.Source.COMPARISON).order_by("-pk")

    def to_be_listed(self, now: datetime) -> Self:
        return self.filter(state=Job.State.LISTING, next_at__lte=now).order_by("next_at", "pk")

    def running(self) -> Self:
        return self.filter(state=Job.State.RUNNING).order_by("pk")


class Job(Attempted):
    """Attempts, lease and reason are those of reading its source: its items have their own."""

    class State(models.TextChoices):
        LISTING = "listing", _("Looking for radiographs")
        RUNNING = "running", _("Running")
        STOPPED = "stopped", _("Stopped")
        DONE = "done", _("Done")

    class Source(models.TextChoices):
        ZIP = "zip", _("ZIP archive")
        FOLDER = "folder", _("Folder on the server")
        S3 = "s3", _("Storage (S3)")
        ARCHIVE = "archive", _("Archive (PACS)")
        STUDIES = "studies", _("Stored radiographs, classified again")
        COMPARISON = "comparison", _("Comparison of two versions")

    OPEN = (State.LISTING,)

    uuid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(
        Institution, on_delete=models.PROTECT, related_name="+", verbose_name=_("institution")
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    place = models.JSONField(default=dict, editable=False)  # where its radiographs are: jobs/sources/
    file = models.CharField(max_length=64, blank=True, editable=False)  # name in JOBS_INBOX, while there is one
    version = models.CharField(_("version"), max_length=64, blank=True)  # that answers; empty: the served one
    compared_with = models.CharField(_("compared with"), max_length=64, blank=True)  # the version served at its start
    without_answer = models.BooleanField(default=False)  # what the model refuses is stored without an answer
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.LISTING)
    is_listed = models.BooleanField(default=False, editable=False)  # every radiograph of its source is an item
    finished = models.DateTimeField(_("finished"), null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(fields=["state", "next_at"], name="jobs_due"),
            models.Index(fields=["person", "created"], name="jobs_of_person"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.uuid])

    @property
    def most_attempts(self) -> int:
        most: int = settings.JOBS_ATTEMPTS
        return most

    @property
    def is_open(self) -> bool:
        """Whether there is something to do without a person's doing."""
        return self.state in (self.State.LISTING, self.State.RUNNING)


_OF_THE_STUDY: dict[str, Any] = {
    "state": "erased",
    "place": "",
    "name": "",
    "study": None,
    "prediction": "",
    "probability": None,
    "findings": models.Value({}, models.JSONField()),  # the collector asks for what can be hashed
}


def FORGET(collector: Any, field: models.Field, rows: Sequence[models.Model], using: str) -> None:  # noqa: N802
    """What becomes of an item when its study is erased: it stays, so that counts add up, and says nothing."""
    for name, value in _OF_THE_STUDY.items():
        collector.add_field_update(Item._meta.get_field(name), value, rows)


class ItemQuerySet(models.QuerySet["Item"]):
    def due(self, now: datetime) -> Self:
        """What is to be classified now, longest waiting first."""
        return self.filter(state=Item.State.WAITING, next_at__lte=now).order_by("next_at", "pk")

    def failed(self) -> Self:
        return self.filter(state__in=Item.FAILED)

    def with_results(self) -> Self:
        return self.select_related("study", "diagnosis").defer("diagnosis__heat_map", "diagnosis__opacity_map")


class Item(Attempted):
    """One radiograph of a job. It becomes a result through `diagnosis_create` alone."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Classified")
        STORED = "stored", _("Stored without an answer")
        REFUSED = "refused", _("Refused")
        DEAD = "dead", _("Failed")
        ERASED = "erased", _("Erased")

    class Outcome(models.TextChoices):
        """What became of one that has a study, as of an upload."""

        NEW = "done", _("Classified")
        REPEAT = "repeat", _("Already uploaded")
        VOIDED = "voided", _("Voided")

    OPEN = (State.WAITING,)
    FAILED = (State.REFUSED, State.DEAD)

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="items", db_index=False)
    key = models.CharField(max_length=64)  # of its place in the source: a source that is read twice adds nothing
    place = models.TextField(blank=True)
    name = models.CharField(_("file name"), max_length=ITEM_NAME_LENGTH, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    outcome = models.CharField(_("what became of it"), max_length=10, choices=Outcome, blank=True)
    study = models.ForeignKey(Study, on_delete=FORGET, null=True, related_name="job_items")
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.SET_NULL, null=True, related_name="+")
    # Of a comparison: what the version that is not served would answer. `diagnosis` is what the served one did answer.
    prediction = models.CharField(_("prediction"), max_length=20, choices=Diagnosis.Label, blank=True)
    probability = models.FloatField(_("calibrated probability of COVID"), null=True)
    findings = models.JSONField(default=dict)
    """Of a comparison: what else that version looks for, by name, each with its probability."""
    is_counted = models.BooleanField(default=False)  # among the refused uploads
    queued = models.DateTimeField(null=True)  # a message about it was sent and not taken up yet

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("radiograph of a job")
        verbose_name_plural = _("radiographs of jobs")
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="one_row_per_job_and_item")]
        indexes = [
            models.Index(fields=["job", "state", "next_at"], name="items_due"),
            models.Index(fields=["job", "changed"], name="items_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def most_attempts(self) -> int:
        most: int = settings.JOBS_ATTEMPTS
        return most

    def exported_with_study(self) -> dict[str, Any]:
        """What a patient's export holds of it. Who started the job is named by identifier."""
        job = ("source", "version", "compared_with")
        own = ("name", "place", "state", "outcome", "reason", "prediction", "probability", "created", "changed")
        named = {name: getattr(self.job, name) for name in job} | {name: getattr(self, name) for name in own}
        return {"job": self.job.uuid, "started_by": self.job.person.uuid, **named}
