"""Study: an uploaded radiograph."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.institutions import Institution
from accounts.models.people import User
from accounts.scope import OWN, narrowed
from diagnosis.imaging.rendering import shown_size
from diagnosis.models.fields import WordsField
from diagnosis.models.patients import Patient
from diagnosis.models.reviews import Outcome

NOTES_LENGTH = 5000


def moment_of(text: str) -> datetime | None:
    """A moment in ISO 8601, in the site's time where it has no offset; None for none and for one still to come."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(settings.TIME_ZONE))).astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment < timezone.now() + timedelta(hours=1) else None


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: User) -> Self:
        """Studies of the person's own institution, or only the own ones, for the clinical role only: `narrowed`."""
        return narrowed(self, user, own=Q(uploaded_by=user))

    def of_patients(self, user: User, pks: Iterable[int]) -> Self:
        """Those of patients whom the person may see, and so of the person's institution: not narrowed to it again,
        because SQLite would take that for the better place to start and read all of them.
        """
        mine = self.filter(patient__in=pks)
        return mine.filter(uploaded_by=user) if settings.RADIOGRAPHERS_SEE == OWN else mine

    def unanswered(self) -> Self:
        """Those that are stored without an answer, the newest first; voided ones are not."""
        return self.filter(unanswered__isnull=False, voided=None).order_by("-unanswered", "-pk")


class Study(models.Model):
    """One radiograph as it was uploaded, and the copies that pages show.

    The file names below are those of the storage and never of the person. `original` is handed out as a download only.
    A voided study stays, with everything about it, and is in no list unless it is asked for. A study without an answer
    has no `Diagnosis`: the model refused its picture, and a person stored it all the same (decision 0023).
    """

    class Projection(models.TextChoices):
        """The direction of the rays. PA is the rule; AP, when lying, makes the heart look larger."""

        PA = "PA", _("PA (standing, from behind)")
        AP = "AP", _("AP (from the front)")
        LATERAL = "LATERAL", _("Lateral")

    class Correction(models.TextChoices):
        """What a person had done to the picture after it was refused (imaging/corrections.py)."""

        TURN_90 = "turn-90", _("Turn it clockwise by 90°")
        TURN_180 = "turn-180", _("Turn it by 180°")
        TURN_270 = "turn-270", _("Turn it anticlockwise by 90°")
        INVERT = "invert", _("Invert it: black for white")
        AS_IS = "as-is", _("Leave it as it is")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="studies")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="studies")
    created = models.DateTimeField(_("uploaded"), default=timezone.now, editable=False)

    file_name = models.CharField(
        _("file name"), max_length=120, help_text=_("As it was called on the person's computer.")
    )
    format = models.CharField(_("format"), max_length=10)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    # Null and not empty where there is none: that may be so of any number of studies, and else each is the only one.
    sop_instance_uid = models.CharField(_("SOP Instance UID"), max_length=64, null=True, editable=False)  # noqa: DJ001
    pixels_sha256 = models.CharField(_("SHA-256 of the pixels"), max_length=64, null=True, editable=False)  # noqa: DJ001
    decoded_sha256 = models.CharField(_("SHA-256 of the stored values"), max_length=64, blank=True, editable=False)
    reading_notes = models.JSONField(_("what in the file could not be used"), default=list, editable=False)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    width = models.PositiveIntegerField(_("width in pixels"))
    height = models.PositiveIntegerField(_("height in pixels"))
    dicom = models.JSONField(_("DICOM details"), null=True, encoder=DjangoJSONEncoder)

    correction = models.CharField(
        _("turned or inverted before it was assessed"), max_length=10, blank=True, choices=Correction, editable=False
    )

    unanswered = models.DateTimeField(_("stored without an answer"), null=True, editable=False)
    refusal = models.JSONField(_("why it has no answer"), null=True, editable=False)
    received_from = models.CharField(_("received from (AE title)"), max_length=16, blank=True, editable=False)

    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, related_name="studies", verbose_name=_("patient")
    )
    study_date = models.DateField(_("study date"), null=True, blank=True)
    projection = models.CharField(_("projection"), max_length=10, blank=True, choices=Projection)
    notes = models.TextField(_("clinical notes"), max_length=NOTES_LENGTH, blank=True)

    outcome = models.CharField(_("RT-PCR"), max_length=15, blank=True, choices=Outcome.Result, editable=False)
    outcome_date = models.DateField(_("date of the RT-PCR sample"), null=True, editable=False)
    voided = models.DateTimeField(_("voided"), null=True, editable=False)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    void_reason = models.CharField(_("reason"), max_length=300, blank=True, editable=False)

    original = models.FileField(max_length=100)
    display = models.FileField(max_length=100)
    thumbnail = models.FileField(max_length=100)
    full = models.FileField(max_length=100, blank=True)

    notes_key = WordsField(source="notes")

    objects = StudyQuerySet.as_manager()
    shares_its_day = False
    """Whether a page shows this study next to another one of the same day, and so tells the time as well."""

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("studies")
        constraints = [
            models.UniqueConstraint(fields=["institution", "sha256"], name="one_study_per_file_and_institution"),
            models.UniqueConstraint(fields=["institution", "sop_instance_uid"], name="one_study_per_instance"),
            models.UniqueConstraint(fields=["institution", "pixels_sha256"], name="one_study_per_picture"),
        ]
        indexes = [models.Index(fields=["institution", "unanswered"], name="study_without_answer")]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        """Its page; where it has an answer, that leads to the newest result."""
        return reverse("diagnosis:study", args=[self.uuid])

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
    def acquired(self) -> datetime | None:
        """The moment of the exposure, where the DICOM file says it."""
        return moment_of((self.dicom or {}).get("acquired") or "")

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in pixels of the copy that pages show."""
        return shown_size(self.width, self.height)

    @property
    def is_reduced(self) -> bool:
        """Whether that copy has fewer pixels than the radiograph."""
        return self.shown_size != (self.width, self.height)
