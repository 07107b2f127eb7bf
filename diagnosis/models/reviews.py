"""What people add to a study: own readings, reviews (conclusion, findings), test outcomes. Part of `diagnosis.models`.

Every row is added and none changes: of several, the newest counts.
"""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.wording import listed
from diagnosis.findings import Prediction
from diagnosis.models.added_only import AddedOnly


class ReviewState(models.TextChoices):
    """What the newest review says of a diagnosis."""

    UNREVIEWED = "unreviewed", _("Not reviewed")
    AGREES = "agrees", _("Agrees")
    DISAGREES = "disagrees", _("Disagrees")
    UNSURE = "unsure", _("Cannot tell")
    DECIDED = "decided", _("Decided by the reader")


class Conclusion(models.TextChoices):
    """What a person concludes from the radiograph itself."""

    LIKELY = "likely", _("COVID likely")
    UNLIKELY = "unlikely", _("COVID unlikely")
    UNSURE = "unsure", _("Cannot tell")


class Finding(models.TextChoices):
    """What else a person sees in a chest radiograph: a short list, and words for everything else."""

    GROUND_GLASS = "ground-glass", _("Ground-glass opacities")
    CONSOLIDATION = "consolidation", _("Consolidation")
    INTERSTITIAL = "interstitial", _("Interstitial changes")
    EFFUSION = "effusion", _("Pleural effusion")
    PNEUMOTHORAX = "pneumothorax", _("Pneumothorax")
    HEART = "heart", _("Enlarged heart")
    NODULE = "nodule", _("Nodule or mass")
    DEVICE = "device", _("Line, tube or device")
    QUALITY = "quality", _("Limited picture quality")


def agreement_of(prediction: str, conclusion: str) -> ReviewState:
    """What a conclusion says of a model's answer.

    An Indeterminate answer asks for a person's: one who cannot tell either agrees with it, and everyone else decides.
    """
    if prediction == Prediction.INDETERMINATE:
        return ReviewState.AGREES if conclusion == Conclusion.UNSURE else ReviewState.DECIDED
    if conclusion == Conclusion.UNSURE:
        return ReviewState.UNSURE
    agrees = (prediction == Prediction.POSITIVE) == (conclusion == Conclusion.LIKELY)
    return ReviewState.AGREES if agrees else ReviewState.DISAGREES


class Concluded(AddedOnly):
    """A conclusion and the findings behind it, as codes."""

    conclusion = models.CharField(_("conclusion"), max_length=10, choices=Conclusion)
    findings = models.JSONField(_("what else was seen"), default=list)

    class Meta:
        abstract = True

    @property
    def findings_in_words(self) -> str:
        """The findings in the person's language, in the order of the list; a code that is no longer on it stays."""
        named = dict(Finding.choices)
        return listed(str(named.get(code, code)) for code in self.findings)


class OwnReading(Concluded):
    """What a radiographer saw before the model's answer was shown to them (blind reading). It is a review too."""

    study = models.ForeignKey("diagnosis.Study", on_delete=models.PROTECT, related_name="own_readings")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="own_readings")
    created = models.DateTimeField(_("read"), default=timezone.now, editable=False)
    note = models.TextField(_("note"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [models.UniqueConstraint(fields=["study", "reader"], name="one_own_reading_per_study_and_reader")]


class ReviewQuerySet(models.QuerySet["Review"]):
    def newest_first(self) -> Self:
        """The one that counts first, with all that a line of a list reads."""
        return self.order_by("-pk").select_related("reviewer")


class Review(Concluded):
    """What a radiographer concludes, and so what they say of one model's answer. The answer itself never changes."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    diagnosis = models.ForeignKey("diagnosis.Diagnosis", on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    created = models.DateTimeField(_("reviewed"), default=timezone.now, editable=False)
    verdict = models.CharField(
        _("verdict"), max_length=20, choices=[choice for choice in ReviewState.choices if choice[0] != "unreviewed"]
    )
    reason = models.TextField(_("remarks"), max_length=2000, blank=True)
    is_blind = models.BooleanField(_("before the model's answer was shown"), default=False)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        # Covers the query for a result's first review, which statistics run for every result of a year.
        indexes = [models.Index(fields=["diagnosis", "created", "id"], name="first_review")]


class Outcome(AddedOnly):
    """The result of a later test of the study's patient; an empty result takes back the one before it.

    Figures count RT-PCR tests that were positive or negative, and no other result.
    """

    class Result(models.TextChoices):
        POSITIVE = "positive", _("RT-PCR positive")
        NEGATIVE = "negative", _("RT-PCR negative")
        INCONCLUSIVE = "inconclusive", _("RT-PCR inconclusive")
        ANTIGEN_POSITIVE = "antigen+", _("Antigen test positive")
        ANTIGEN_NEGATIVE = "antigen-", _("Antigen test negative")

    study = models.ForeignKey("diagnosis.Study", on_delete=models.PROTECT, related_name="outcomes")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("entered"), default=timezone.now, editable=False)
    result = models.CharField(_("result"), max_length=15, choices=Result, blank=True)
    sampled = models.DateField(_("date of the sample"), null=True, blank=True)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
