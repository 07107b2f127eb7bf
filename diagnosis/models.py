"""What is stored: studies (an uploaded radiograph each), model versions, and diagnoses that tie the two together."""

from __future__ import annotations

import uuid
from datetime import date
from functools import cached_property
from typing import Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Institution, User
from accounts.scope import narrowed
from diagnosis.erasure_models import ErasedReport, FileToErase  # noqa: F401
from diagnosis.fields import SearchKeyField, StudysInstitution, StudysOutcome, WordsField
from diagnosis.figures_models import DayFigures, ResultChange  # noqa: F401
from diagnosis.imaging.rendering import shown_size
from diagnosis.inference.contract import Prediction
from diagnosis.patient_models import Patient
from diagnosis.querysets import NEWEST_FIRST, ListedDiagnoses, starts_with
from diagnosis.refusals import Refusal  # noqa: F401
from diagnosis.report_models import Report  # noqa: F401 - Django finds every model here
from diagnosis.review_models import Outcome, OwnReading, Review, ReviewState, StudyEvent  # noqa: F401
from diagnosis.wording.answers import IMAGE_NAMES, Reading, dicom_facts, patient_facts, percents, read_out

NOTES_LENGTH = 5000


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: User) -> Self:
        """Studies of the person's own institution, or only the own ones, for the clinical role only: `narrowed`."""
        return narrowed(self, user, own=Q(uploaded_by=user))

    def starting_with(self, text: str, *, key: str) -> Self:
        """Studies of which that one of the SEARCHED_KEYS begins with the text."""
        return self.filter(starts_with(text, key))


class Study(models.Model):
    """One radiograph as it was uploaded, and the copies that pages show.

    The file names below are those of the storage and never of the person. `original` is handed out as a download only.
    A voided study stays, with everything about it, and stands in no list unless it is asked for.
    """

    class Projection(models.TextChoices):
        """The direction of the rays. PA is the rule; AP, when lying, makes the heart look larger."""

        PA = "PA", _("PA (standing, from behind)")
        AP = "AP", _("AP (from the front)")
        LATERAL = "LATERAL", _("Lateral")

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

    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, related_name="studies", verbose_name=_("patient")
    )
    study_date = models.DateField(_("study date"), null=True, blank=True)
    projection = models.CharField(_("projection"), max_length=10, blank=True, choices=Projection)
    notes = models.TextField(_("clinical notes"), max_length=NOTES_LENGTH, blank=True)

    outcome = models.CharField(_("RT-PCR"), max_length=10, blank=True, choices=Outcome.Result, editable=False)
    outcome_date = models.DateField(_("day of the RT-PCR sample"), null=True, editable=False)
    voided = models.DateTimeField(_("voided"), null=True, editable=False)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    void_reason = models.CharField(_("reason"), max_length=300, blank=True, editable=False)

    original = models.FileField(max_length=100)
    display = models.FileField(max_length=100)
    thumbnail = models.FileField(max_length=100)

    file_name_key = SearchKeyField(source="file_name")
    patient_reference_key = SearchKeyField(source="patient_reference")
    patient_name_key = SearchKeyField(source="patient_name")
    notes_key = WordsField(source="notes")

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
        return self.patient.reference if self.patient else ""

    @property
    def patient_name(self) -> str:
        return self.patient.name if self.patient else ""

    @property
    def day(self) -> date:
        """The day on which the radiograph was taken, or where that is not known the day of its upload."""
        return self.study_date or timezone.localdate(self.created)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in pixels of the copy that pages show."""
        return shown_size(self.width, self.height)

    @property
    def is_reduced(self) -> bool:
        """Whether that copy has fewer pixels than the radiograph."""
        return self.shown_size != (self.width, self.height)

    @property
    def patient_facts(self) -> list[tuple[str, str]]:
        """Who the patient is, as far as is known, as pages name it."""
        return patient_facts(self)

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


_OF_PEOPLE = ("id", "username", "first_name", "last_name")
"""What pages read of the people that they name."""


class DiagnosisQuerySet(ListedDiagnoses):
    def visible_to(self, user: User) -> Self:
        """Diagnoses of the person's own institution, or of the own studies, for the clinical role only: `narrowed`."""
        return narrowed(self, user, own=Q(study__uploaded_by=user))

    def newest_first(self) -> Self:
        return self.in_order(NEWEST_FIRST)

    def with_rows_shown(self) -> Self:
        """In one query all that a row of a list or a result page reads, without the large fields that it does not."""
        related = self.select_related("study__uploaded_by", "study__patient", "requested_by", "model_version")
        unshown = [field.name for field in User._meta.concrete_fields if field.name not in _OF_PEOPLE]
        people = [f"{person}__{name}" for person in ("requested_by", "study__uploaded_by") for name in unshown]
        return related.defer("heat_map", "model_version__card", "study__notes_key", *people)


class Standing(models.TextChoices):
    """Whether a result counts: that of a voided study stays, and stands in no list."""

    KEPT = "kept", _("Kept")
    VOIDED = "voided", _("Voided")


_LISTED = ("prediction", "requested_by", "model_version", "review_state", "outcome")


def _index_columns(*first: str, last: tuple[str, ...] = ()) -> list[str]:
    listed = [column for column in _LISTED if column not in first]
    return ["institution", "standing", *first, "id", *listed, *last]


class AnswerHidden(Exception):
    """An answer that the person may not see yet was asked for. A template shows nothing in its place."""

    silent_variable_failure = True


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

    # Repeated here from the newest review and from the study, so that one index can serve a list.
    review_state = models.CharField(
        _("review"), max_length=20, choices=ReviewState, default=ReviewState.UNREVIEWED, editable=False
    )
    # Text and no boolean: Django writes `NOT column` for a boolean, which no index serves.
    standing = models.CharField(max_length=10, choices=Standing, default=Standing.KEPT, editable=False)
    outcome = StudysOutcome(_("RT-PCR"), max_length=10, blank=True, default="", choices=Outcome.Result, editable=False)

    objects = DiagnosisQuerySet.as_manager()
    is_hidden = False
    """Whether the answer was taken out of this row, for a person who reads blind (see diagnosis.blinding)."""

    class Meta:
        verbose_name = _("diagnosis")
        verbose_name_plural = _("diagnoses")
        constraints = [
            models.UniqueConstraint(fields=["study", "model_version"], name="one_diagnosis_per_study_and_model"),
        ]
        # One for each order, and for each filter in each order. Each holds what the other filters ask, too, so that no
        # row is read that they leave out. The second ones are shorter by a column because of MariaDB: of the indexes
        # that serve an order it takes the one with the fewest columns, and else would read the whole institution's.
        indexes = [
            models.Index(fields=_index_columns("created", last=("probability",)), name="diagnoses_by_date"),
            models.Index(fields=_index_columns("probability", last=("created",)), name="diagnoses_by_score"),
            *(
                models.Index(fields=_index_columns(column, order), name=f"{column}_by_{order}")
                for column in _LISTED
                for order in ("created", "probability")
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("diagnosis:result", args=[self.uuid])

    def hide_answer(self) -> None:
        """Take the answer out of this row, for a person who may not see it yet; only that nobody reviewed it stays."""
        taken = {"probability": None, "raw_probability": None, "confidence": None, "heat_map": b"", "prediction": ""}
        taken |= {"outcome": ""}
        state = self.review_state if self.review_state == ReviewState.UNREVIEWED else ""
        self.__dict__.update(taken, review_state=state, is_hidden=True)

    @property
    def probability_text(self) -> str:
        """The probability alone, for lists: a whole reading takes ten times as long."""
        return "" if self.is_hidden else percents(self.probability)[0]

    @property
    def covid_probability_text(self) -> str:
        """The same, and of what it is the probability: for places that have no heading which says so."""
        return "" if self.is_hidden else gettext("COVID probability %s") % self.probability_text

    @cached_property
    def reading(self) -> Reading:
        """The diagnosis as pages put it into words. Raises AnswerHidden."""
        if self.is_hidden:
            raise AnswerHidden
        return read_out(self)
