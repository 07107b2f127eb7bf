"""What is stored: studies (an uploaded radiograph each), model versions, and diagnoses that tie the two together."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import date
from functools import cached_property
from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from diagnosis.contract import Prediction
from diagnosis.fields import SearchKeyField, StudysInstitution
from diagnosis.querysets import NEWEST_FIRST, ListedDiagnoses, starts_with
from diagnosis.report_models import Report  # noqa: F401 - Django finds every model here
from diagnosis.wording import IMAGE_NAMES, PATIENT_NAMES, Reading, dicom_facts, percents, read_out


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: User) -> Self:
        """Studies of the person's own institution, for the clinical role only."""
        return self.filter(institution=user.institution_id) if user.is_radiographer else self.none()

    def starting_with(self, text: str, *, key: str) -> Self:
        """Studies of which that one of the SEARCHED_KEYS begins with the text."""
        return self.filter(starts_with(text, key))


class Study(models.Model):
    """One radiograph as it was uploaded, and the copies that pages show.

    The file names below are those of the storage and never of the person. `original` is handed out as a download only.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="studies")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studies")
    created = models.DateTimeField(_("uploaded"), default=timezone.now, editable=False)

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

    file_name_key = SearchKeyField(source="file_name")
    patient_reference_key = SearchKeyField(source="patient_reference")
    patient_name_key = SearchKeyField(source="patient_name")

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("studies")
        constraints = [
            models.UniqueConstraint(fields=["institution", "sha256"], name="one_study_per_file_and_institution"),
        ]
        indexes = [
            models.Index(fields=["institution", "file_name_key"], name="study_by_file_name"),
            models.Index(fields=["institution", "patient_reference_key"], name="study_by_patient_reference"),
            models.Index(fields=["institution", "patient_name_key"], name="study_by_patient_name"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def patient_reference(self) -> str:
        """The number by which the hospital knows the patient, or nothing."""
        return (self.dicom or {}).get("patient_id") or ""

    @property
    def patient_name(self) -> str:
        return (self.dicom or {}).get("patient_name") or ""

    @property
    def study_date(self) -> date | None:
        """The day on which the radiograph was taken, where the file says so."""
        with suppress(ValueError):
            return date.fromisoformat((self.dicom or {}).get("study_date") or "")
        return None

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


class DiagnosisQuerySet(ListedDiagnoses):
    def visible_to(self, user: User) -> Self:
        """Diagnoses of the person's own institution, for the clinical role only."""
        return self.filter(institution=user.institution_id) if user.is_radiographer else self.none()

    def newest_first(self) -> Self:
        return self.in_order(NEWEST_FIRST)

    def with_rows_shown(self) -> Self:
        """In one query all that a row of a list or a result page reads, without the large fields that it does not."""
        related = self.select_related("study__uploaded_by", "requested_by", "model_version")
        return related.defer("heat_map", "model_version__card")


_LISTED = ("prediction", "requested_by", "model_version")


class Diagnosis(models.Model):
    """What one model version answered about one study. Never changed: another model's answer is another row."""

    class Label(models.TextChoices):
        """The three answers of the contract, in the person's language."""

        POSITIVE = Prediction.POSITIVE.value, _("Positive")
        NEGATIVE = Prediction.NEGATIVE.value, _("Negative")
        INDETERMINATE = Prediction.INDETERMINATE.value, _("Indeterminate")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="diagnoses")
    institution = StudysInstitution(
        Institution, on_delete=models.PROTECT, related_name="diagnoses", editable=False, db_index=False
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="diagnoses")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="diagnoses")
    created = models.DateTimeField(_("classified"), default=timezone.now, editable=False)

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
        # One index for each order, which holds all that a filter asks; and one for each filter that may leave few rows.
        indexes = [
            models.Index(fields=["institution", "created", "id", *_LISTED, "probability"], name="diagnoses_by_date"),
            models.Index(fields=["institution", "probability", "id", *_LISTED, "created"], name="diagnoses_by_score"),
            *(
                models.Index(fields=["institution", column, order, "id"], name=f"{column}_by_{order}")
                for column in _LISTED
                for order in ("created", "probability")
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("diagnosis:result", args=[self.uuid])

    @property
    def probability_text(self) -> str:
        """The probability alone, for lists: a whole reading takes ten times as long."""
        return percents(self.probability)[0]

    @cached_property
    def reading(self) -> Reading:
        """The diagnosis as pages put it into words."""
        return read_out(self)
