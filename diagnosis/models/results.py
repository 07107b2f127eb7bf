"""ModelVersion, and Diagnosis (a result): what a model answered about a study, with every filter and order of the list.

An order makes pages by the row that a page follows or precedes (keyset pagination): `ordering.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.institutions import Institution
from accounts.models.people import User
from accounts.scope import narrowed
from diagnosis.findings import Appearance, OpacityAnswer, Prediction, Verdict
from diagnosis.models.fields import StudysInstitution, StudysOutcome
from diagnosis.models.operating_points import OperatingPoint
from diagnosis.models.ordering import NEWEST_FIRST, Order
from diagnosis.models.reviews import Conclusion, Outcome, Review, ReviewState
from diagnosis.models.studies import Study

UNKNOWN_OUTCOME = "unknown"


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


class DiagnosisQuerySet(models.QuerySet["Diagnosis"]):
    """Every filter and order of the list of results. All of them together are one query."""

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
        return related.defer("heat_map", "opacity_map", "model_version__card", "study__notes_key", *people)

    def kept(self) -> Self:
        """Those of studies that are not voided."""
        return self.filter(standing="kept")

    def voided(self) -> Self:
        return self.filter(standing="voided")

    def predicted(self, prediction: str) -> Self:
        return self.filter(prediction=prediction)

    def classified_from(self, day: date) -> Self:
        return self.filter(created__gte=_start_of(day))

    def classified_until(self, day: date) -> Self:
        """Up to the end of the day."""
        return self.filter(created__lt=_start_of(day + timedelta(days=1)))

    def requested_by_person(self, pk: int) -> Self:
        return self.filter(requested_by=pk)

    def answered_by_model(self, pk: int) -> Self:
        return self.filter(model_version=pk)

    def reviewed_as(self, state: str) -> Self:
        return self.filter(review_state=state)

    def concluded(self, conclusion: str) -> Self:
        return self.filter(conclusion=conclusion)

    def appearing(self, appearance: str) -> Self:
        """Those whose most probable appearance it is, or of a version with classes of its own most probable class."""
        return self.filter(appearance=appearance)

    def with_probability_from(self, probability: float) -> Self:
        return self.filter(probability__gte=probability)

    def with_probability_to(self, probability: float) -> Self:
        return self.filter(probability__lte=probability)

    def of_studies(self, pks: Iterable[int]) -> Self:
        return self.filter(study__in=pks)

    def with_outcome(self, outcome: str) -> Self:
        """Those whose study has this RT-PCR result, or none that is known."""
        return self.filter(outcome="" if outcome == UNKNOWN_OUTCOME else outcome)

    def in_order(self, order: Order) -> Self:
        return self.order_by(*order.columns)

    def following(self, row: Diagnosis, order: Order) -> Self:
        """The rows behind `row` in that order, in that order. The row itself need not be among those listed."""
        beyond = "lt" if order.is_descending else "gt"
        value = getattr(row, order.column)
        further = Q(**{f"{order.column}__{beyond}": value})
        equal = Q(**{order.column: value, f"pk__{beyond}": row.pk})
        # The first condition is redundant, but an index can start from it.
        return self.filter(Q(**{f"{order.column}__{beyond}e": value}), further | equal).in_order(order)


def _start_of(day: date) -> datetime:
    """Midnight in the time zone of the person who asks."""
    return timezone.make_aware(datetime.combine(day, time.min))


class Standing(models.TextChoices):
    """Whether a result counts: that of a voided study stays, and is in no list."""

    KEPT = "kept", _("Kept")
    VOIDED = "voided", _("Voided")


_LISTED = ("prediction", "requested_by", "model_version", "review_state", "conclusion", "outcome", "appearance")


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

    class Quality(models.TextChoices):
        """What the gate says of the picture; empty for a model without a learned gate."""

        GOOD = Verdict.OK.value, _("Good")
        LIMITED = Verdict.LIMITED.value, _("Limited")

    class Opacities(models.TextChoices):
        """Whether there are opacities in the lungs, whatever their cause; empty for a model that does not look."""

        YES = OpacityAnswer.YES.value, _("Yes")
        UNCLEAR = OpacityAnswer.UNCLEAR.value, _("Unclear")
        NO = OpacityAnswer.NO.value, _("No")

    class Appearance(models.TextChoices):
        """What readers call a radiograph (RSNA consensus); empty for a model that does not look for it."""

        TYPICAL = Appearance.TYPICAL.value, _("Typical appearance")
        INDETERMINATE = Appearance.INDETERMINATE.value, _("Indeterminate appearance")
        ATYPICAL = Appearance.ATYPICAL.value, _("Atypical appearance")
        NEGATIVE = Appearance.NEGATIVE.value, _("Negative for pneumonia")

    uuid = models.UUIDField(_("identifier"), default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="diagnoses")
    institution = StudysInstitution(
        Institution,
        verbose_name=_("institution"),
        on_delete=models.PROTECT,
        related_name="diagnoses",
        editable=False,
        db_index=False,
    )
    model_version = models.ForeignKey(
        ModelVersion, verbose_name=_("model version"), on_delete=models.PROTECT, related_name="diagnoses"
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="diagnoses")
    created = models.DateTimeField(_("classified"), default=timezone.now, editable=False)

    prediction = models.CharField(_("prediction"), max_length=20, choices=Label)
    probability = models.FloatField(_("calibrated probability of COVID"))
    raw_probability = models.FloatField(_("uncalibrated probability of COVID"))
    confidence = models.FloatField(_("probability of the label"), null=True)
    operating_point = models.FloatField(_("operating point"))
    indeterminate_low = models.FloatField(_("indeterminate from"))
    indeterminate_high = models.FloatField(_("indeterminate below"))
    # No index: it is looked up from a diagnosis, never the other way round.
    site_point = models.ForeignKey(
        OperatingPoint, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, editable=False
    )
    """The installation's own operating point that decided; None where it was the card's."""
    engine = models.CharField(_("engine"), max_length=30)
    milliseconds = models.FloatField(_("time taken in milliseconds"))
    heat_map = models.BinaryField(_("heat map: a grey PNG, one pixel for each place, bright = evidence for COVID"))

    quality = models.CharField(_("picture quality"), max_length=10, blank=True, choices=Quality)
    gate_distance = models.FloatField(
        _("distance from what the model learned from, less its limit"), null=True, editable=False
    )
    quality_codes = models.JSONField(_("what limits the picture, and what to look at"), default=list)
    opacities = models.CharField(_("opacities"), max_length=10, blank=True, choices=Opacities)
    opacity_probability = models.FloatField(_("calibrated probability of opacities"), null=True)
    opacity_map = models.BinaryField(_("where opacities are: a grey PNG, as the heat map"), default=b"")
    lungs = models.JSONField(_("outlines of the lungs, in fractions of width and height"), null=True)
    heat_in_lungs = models.FloatField(_("share of the heat map inside the lungs"), null=True)

    # Repeated here from the findings, the newest review and the study, so that one index can serve a list.
    appearance = models.CharField(
        _("most probable appearance or class"), max_length=20, blank=True, default="", editable=False
    )
    review_state = models.CharField(
        _("review"), max_length=20, choices=ReviewState, default=ReviewState.UNREVIEWED, editable=False
    )
    conclusion = models.CharField(
        _("conclusion"), max_length=10, blank=True, default="", choices=Conclusion, editable=False
    )
    # Text and no boolean: Django writes `NOT column` for a boolean, which no index serves.
    standing = models.CharField(
        _("kept or voided"), max_length=10, choices=Standing, default=Standing.KEPT, editable=False
    )
    outcome = StudysOutcome(_("RT-PCR"), max_length=15, blank=True, default="", choices=Outcome.Result, editable=False)

    objects = DiagnosisQuerySet.as_manager()
    is_hidden = False
    """Whether the answer was taken out of this row, for a person who reads blind (see diagnosis.reviews.blinding)."""
    newest_review: Review | None = None
    """The review that counts, where an export has read it."""

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
            # For the results of some thousand studies, sorted and filtered without reading a row.
            models.Index(fields=["study", "standing", "probability", "created", *_LISTED], name="diagnoses_of_studies"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def get_absolute_url(self) -> str:
        return reverse("diagnosis:result", args=[self.uuid])

    @property
    def is_of_own_classes(self) -> bool:
        """Whether its version has classes of its own; otherwise it knows appearances, or neither."""
        return bool(self.appearance) and self.appearance not in set(Appearance)

    def hide_answer(self) -> None:
        """Take the answer out of this row, for a person who may not see it yet; only that it is unreviewed stays."""
        taken = {"probability": None, "raw_probability": None, "confidence": None, "heat_map": b"", "prediction": ""}
        taken |= {
            "outcome": "",
            "conclusion": "",
            "opacities": "",
            "opacity_probability": None,
            "opacity_map": b"",
            "heat_in_lungs": None,
            "appearance": "",
        }
        state = self.review_state if self.review_state == ReviewState.UNREVIEWED else ""
        found = {"findings": self.findings.none()}  # whoever asks for them gets none
        self.__dict__.update(taken, review_state=state, is_hidden=True, _prefetched_objects_cache=found)
