"""What is stored: studies (an uploaded radiograph each), model versions, and diagnoses that tie the two together."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from diagnosis.contract import Prediction
from diagnosis.wording import IMAGE_NAMES, PATIENT_NAMES, Reading, dicom_facts, read_out


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: User) -> Self:
        """Studies of the person's own institution, for the clinical role only."""
        return self.filter(institution=user.institution_id) if user.is_radiographer else self.none()


class Study(models.Model):
    """One radiograph as it was uploaded, and the copies that pages show.

    The file names below are those of the storage and never of the person. `original` is handed out as a download only.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="studies")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studies")
    created = models.DateTimeField(_("uploaded"), auto_now_add=True)

    file_name = models.CharField(_("file name"), max_length=120, help_text=_("As the person's computer called it."))
    format = models.CharField(_("format"), max_length=10)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    width = models.PositiveIntegerField(_("width in pixels"))
    height = models.PositiveIntegerField(_("height in pixels"))
    dicom = models.JSONField(_("DICOM details"), null=True, encoder=DjangoJSONEncoder)

    original = models.FileField(max_length=100)
    display = models.FileField(max_length=100)
    thumbnail = models.FileField(max_length=100)

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("studies")
        constraints = [
            models.UniqueConstraint(fields=["institution", "sha256"], name="one_study_per_file_and_institution"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def patient_facts(self) -> list[tuple[str, str]]:
        """What the DICOM file says of the patient, as pages name it."""
        return dicom_facts(self.dicom, PATIENT_NAMES)

    @property
    def image_facts(self) -> list[tuple[str, str]]:
        """What the DICOM file says of the image, as pages name it."""
        return dicom_facts(self.dicom, IMAGE_NAMES)


class ModelVersion(models.Model):
    """A model that has answered here, with its card as it was then. Never changed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.CharField(_("version"), max_length=64)
    weights_sha256 = models.CharField(_("SHA-256 of the weights"), max_length=64)
    card = models.JSONField(_("model card"))
    created = models.DateTimeField(_("first used"), auto_now_add=True)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-created"]
        constraints = [
            models.UniqueConstraint(fields=["version", "weights_sha256"], name="one_row_per_model_version"),
        ]

    def __str__(self) -> str:
        return self.version


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    def visible_to(self, user: User) -> Self:
        """Diagnoses of the person's own institution, for the clinical role only."""
        return self.filter(study__institution=user.institution_id) if user.is_radiographer else self.none()

    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def older_than(self, diagnosis: Diagnosis) -> Self:
        return self.filter(pk__lt=diagnosis.pk)

    def with_rows_shown(self) -> Self:
        """In one query all that a row of a list or a result page reads, without the large fields that it does not."""
        related = self.select_related("study__uploaded_by", "requested_by", "model_version")
        return related.defer("heat_map", "model_version__card")


class Diagnosis(models.Model):
    """What one model version answered about one study. Never changed: another model's answer is another row."""

    class Label(models.TextChoices):
        """The three answers of the contract, in the person's language."""

        POSITIVE = Prediction.POSITIVE.value, _("Positive")
        NEGATIVE = Prediction.NEGATIVE.value, _("Negative")
        INDETERMINATE = Prediction.INDETERMINATE.value, _("Indeterminate")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="diagnoses")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="diagnoses")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="diagnoses")
    created = models.DateTimeField(_("classified"), auto_now_add=True)

    prediction = models.CharField(_("prediction"), max_length=20, choices=Label)
    probability = models.FloatField(_("calibrated probability of COVID"))
    raw_probability = models.FloatField(_("probability of COVID as the network gave it"))
    confidence = models.FloatField(_("probability of the label"), null=True)
    operating_point = models.FloatField(_("operating point"))
    indeterminate_low = models.FloatField(_("indeterminate from"))
    indeterminate_high = models.FloatField(_("indeterminate below"))
    engine = models.CharField(_("engine"), max_length=30)
    milliseconds = models.FloatField(_("time taken in milliseconds"))
    heat_map = models.BinaryField(_("heat map: a grey PNG, one pixel for each place, bright = evidence for COVID"))

    objects = DiagnosisQuerySet.as_manager()

    class Meta:
        verbose_name = _("diagnosis")
        verbose_name_plural = _("diagnoses")
        constraints = [
            models.UniqueConstraint(fields=["study", "model_version"], name="one_diagnosis_per_study_and_model"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("diagnosis:result", args=[self.uuid])

    @cached_property
    def reading(self) -> Reading:
        """The diagnosis as pages put it into words."""
        return read_out(self)
