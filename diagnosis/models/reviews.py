"""What people add to a study: readings, reviews, outcomes, and its history. Part of `diagnosis.models`.

Every row is added and none changes: of several, the newest counts.
"""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from diagnosis.findings import Prediction
from diagnosis.models.added_only import AddedOnly


class ReviewState(models.TextChoices):
    """What the newest review says of a diagnosis."""

    UNREVIEWED = "unreviewed", _("Not reviewed")
    AGREES = "agrees", _("Agrees")
    DISAGREES = "disagrees", _("Disagrees")
    UNSURE = "unsure", _("Cannot tell")


class OwnReading(AddedOnly):
    """What a radiographer saw before the model's answer was shown to them (blind reading)."""

    class Answer(models.TextChoices):
        POSITIVE = Prediction.POSITIVE.value, _("Positive")
        NEGATIVE = Prediction.NEGATIVE.value, _("Negative")
        INDETERMINATE = Prediction.INDETERMINATE.value, _("Cannot tell")

    study = models.ForeignKey("diagnosis.Study", on_delete=models.PROTECT, related_name="own_readings")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="own_readings")
    created = models.DateTimeField(_("read"), default=timezone.now, editable=False)
    answer = models.CharField(_("reading"), max_length=20, choices=Answer)
    note = models.TextField(_("note"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [models.UniqueConstraint(fields=["study", "reader"], name="one_own_reading_per_study_and_reader")]


class ReviewQuerySet(models.QuerySet["Review"]):
    def newest_first(self) -> Self:
        """The one that counts first, with all that a line of a list reads."""
        return self.order_by("-pk").select_related("reviewer")


class Review(AddedOnly):
    """What a radiographer says of one model's answer. The answer itself never changes."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    diagnosis = models.ForeignKey("diagnosis.Diagnosis", on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    created = models.DateTimeField(_("reviewed"), default=timezone.now, editable=False)
    verdict = models.CharField(
        _("verdict"), max_length=20, choices=[choice for choice in ReviewState.choices if choice[0] != "unreviewed"]
    )
    reason = models.TextField(_("reason"), max_length=2000, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        # Covers the query for a result's first review, which statistics run for every result of a year.
        indexes = [models.Index(fields=["diagnosis", "created", "id"], name="first_review")]


class Outcome(AddedOnly):
    """The result of a later RT-PCR test of the study's patient; an empty result takes back the one before it."""

    class Result(models.TextChoices):
        POSITIVE = "positive", _("RT-PCR positive")
        NEGATIVE = "negative", _("RT-PCR negative")

    study = models.ForeignKey("diagnosis.Study", on_delete=models.PROTECT, related_name="outcomes")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("entered"), default=timezone.now, editable=False)
    result = models.CharField(_("result"), max_length=10, choices=Result, blank=True)
    sampled = models.DateField(_("day of the sample"), null=True, blank=True)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
