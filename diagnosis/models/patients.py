"""Patients. Part of `diagnosis.models`, which names this class too."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.institutions import Institution
from accounts.models.people import User
from accounts.normalise import NormalisedField, normalised
from accounts.scope import keeper_of, narrowed
from diagnosis.models.fields import SearchKeyField

REFERENCE_LENGTH = 64
REFERENCE_KEY_LENGTH = 200
NAME_LENGTH = 300


class ReferenceKeyField(NormalisedField):
    """The normalised reference, and NULL where there is none: every database allows many NULLs in a unique column."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        fixed = {"unique": False, "max_length": REFERENCE_KEY_LENGTH, "null": True}
        super().__init__(*args, source=source, **{**fixed, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # type: ignore[override]
        value = normalised(getattr(model_instance, self.source)) or None
        setattr(model_instance, self.attname, value)
        return value


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User) -> Self:
        """Patients of the person's own institution, or of the own studies, for the clinical role only: `narrowed`."""
        own = Q(created_by=user) | Q(pk__in=user.studies.values("patient"))
        return narrowed(self, user, own=own)

    def of_reference(self, user: User, key: str) -> Patient | None:
        """The one with this normalised reference that the person may see: of two, the one that they would register."""
        found = {patient.keeper: patient for patient in self.visible_to(user).filter(reference_key=key)}
        patient = found.get(keeper_of(user)) or next(iter(found.values()), None)
        return patient.current if patient else None

    def listed(self) -> Self:
        """Those that were not merged into another one."""
        return self.filter(merged_into=None)


class Patient(models.Model):
    """A person whose radiographs an institution keeps. Its reference names no other patient of that institution.

    Where radiographers see only their own radiographs, each of them keeps patients of their own: one reference, two
    people, two patients. So an upload says nothing of what a colleague knows.
    """

    class Sex(models.TextChoices):
        """As DICOM writes it (Patient's Sex, 0010,0040)."""

        FEMALE = "F", _("Female")
        MALE = "M", _("Male")
        OTHER = "O", _("Other")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="patients")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("registered"), default=timezone.now, editable=False)

    reference = models.CharField(
        _("patient reference"),
        max_length=REFERENCE_LENGTH,
        blank=True,
        help_text=_("The number by which the hospital knows the patient."),
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=1, blank=True, choices=Sex)

    keeper = models.CharField(
        max_length=36,
        default="",
        blank=True,
        editable=False,
        help_text="Empty: the institution. Else the UUID of the one person who may know of it (RADIOGRAPHERS_SEE).",
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="merged",
        editable=False,
        verbose_name=_("merged into"),
    )
    reference_key = ReferenceKeyField(source="reference")
    name_key = SearchKeyField(source="name")

    objects = PatientQuerySet.as_manager()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "reference_key", "keeper"], name="one_patient_per_reference"
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "name_key"], name="patient_by_name"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("diagnosis:patient", args=[self.uuid])

    @property
    def current(self) -> Patient:
        """The patient itself, or the one that it was merged into."""
        patient = self
        while patient.merged_into:
            patient = patient.merged_into
        return patient

    def all_merged(self) -> list[Patient]:
        """Every patient that was merged into this one, directly or with another."""
        found = list(self.merged.order_by("pk"))
        return [*found, *(further for patient in found for further in patient.all_merged())]


class PatientMerge(models.Model):
    """Two patients were one: `merged` into `kept`, and what has to be known to undo it."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    reason = models.TextField(_("reason"), max_length=300)
    studies = models.JSONField(default=list, help_text="The keys of the studies that went from one to the other.")
    last_event = models.BigIntegerField(default=0, help_text="The newest line of history of both when it was done.")
    undone = models.DateTimeField(_("undone"), null=True, editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("merge of patients")
        verbose_name_plural = _("merges of patients")

    def __str__(self) -> str:
        return f"merge {self.pk}"
