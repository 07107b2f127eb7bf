"""Case, Reader, Reading: the frozen cases, who reads them, and what each read in which order, how long it took."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from diagnosis.models import Conclusion, Diagnosis, Outcome, Study
from reader_studies.models.reader_studies import ReaderStudy


class Suspicion(models.IntegerChoices):
    """How likely a reader holds COVID to be: five steps, from which a reader's ROC curve is drawn."""

    NO = 1, _("Certainly no COVID")
    PROBABLY_NOT = 2, _("Probably no COVID")
    OPEN = 3, _("As likely as not")
    PROBABLY = 4, _("Probably COVID")
    YES = 5, _("Certainly COVID")


class Case(models.Model):
    """A radiograph of a reader study, with answer and reference as they were when it was chosen.

    It goes when its radiograph is erased. `number` is drawn, so that it tells neither the day nor the answer.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reader_study = models.ForeignKey(ReaderStudy, on_delete=models.CASCADE, related_name="cases")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="reader_study_cases")
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField(_("case"))
    half = models.PositiveSmallIntegerField(_("half"))
    """0 or 1: which half of the cases it is in; one half is read with the answer first."""
    reference = models.CharField(_("reference"), max_length=15, blank=True, choices=Outcome.Result)
    prediction = models.CharField(_("prediction"), max_length=20, choices=Diagnosis.Label)
    probability = models.FloatField(_("calibrated probability of COVID"))
    operating_point = models.FloatField(_("operating point"))
    model_version = models.CharField(_("model version"), max_length=64)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["reader_study", "study"], name="one_case_per_radiograph"),
            models.UniqueConstraint(fields=["reader_study", "number"], name="one_case_per_number"),
        ]

    def __str__(self) -> str:
        return str(self.number)

    def exported_with_study(self) -> dict[str, Any]:
        """What a patient's export holds of it. Readers are named by identifier."""
        readings = self.readings.exclude(answered=None).select_related("reader__person").order_by("pk")
        named = ("session", "with_answer", "answered", "conclusion", "findings", "suspicion")
        rows = [{name: getattr(row, name) for name in named} | {"reader": row.reader.person.uuid} for row in readings]
        own = ("number", "reference", "prediction", "probability", "model_version")
        return {"reader_study": self.reader_study.uuid, **{name: getattr(self, name) for name in own}, "readings": rows}


class Reader(models.Model):
    """A person who is asked to read the cases. Nothing is hidden from them before they join."""

    reader_study = models.ForeignKey(ReaderStudy, on_delete=models.CASCADE, related_name="readers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(_("reader"))
    seed = models.BigIntegerField(_("seed of the order"), default=0)
    joined = models.DateTimeField(_("joined"), null=True)
    left = models.DateTimeField(_("left"), null=True)

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["reader_study", "person"], name="one_reader_per_person")]

    def __str__(self) -> str:
        return str(self.number)


class ReadingQuerySet(models.QuerySet["Reading"]):
    def to_read(self) -> Self:
        """Those that are still to be given, in the reader's order. Voided radiographs are not read."""
        return self.filter(answered=None, case__study__voided=None).order_by("session", "place")

    def shown_to(self, user: User) -> Self:
        """Those that are open in front of the person: shown, not answered, in a reader study that is open."""
        mine = ReaderStudy.objects.visible_to(user).filter(state=ReaderStudy.State.OPEN)
        rows = self.filter(reader__person=user, reader__left=None, reader__reader_study__in=mine)
        return rows.filter(answered=None, case__study__voided=None).exclude(shown=None)


class Reading(models.Model):
    """One reader, one case, one session. Answered once, and never changed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, related_name="readings")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="readings")
    session = models.PositiveSmallIntegerField(_("session"))
    place = models.PositiveSmallIntegerField(_("place in the reader's order"))
    with_answer = models.BooleanField(_("with the model's answer"))
    shown = models.DateTimeField(_("first shown"), null=True)
    answered = models.DateTimeField(_("answered"), null=True)
    conclusion = models.CharField(_("conclusion"), max_length=10, blank=True, choices=Conclusion)
    findings = models.JSONField(_("what else was seen"), default=list)
    suspicion = models.PositiveSmallIntegerField(_("suspicion"), null=True, choices=Suspicion)

    objects = ReadingQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading in a reader study")
        verbose_name_plural = _("readings in reader studies")
        constraints = [
            models.UniqueConstraint(fields=["reader", "case", "session"], name="one_reading_per_case_and_session"),
            models.UniqueConstraint(fields=["reader", "session", "place"], name="one_reading_per_place"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def seconds(self) -> float:
        """From when it was first shown to the answer, by the server's clock; 0 while there is none."""
        if self.shown is None or self.answered is None:
            return 0.0
        return max((self.answered - self.shown).total_seconds(), 0.0)
