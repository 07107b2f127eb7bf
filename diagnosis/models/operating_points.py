"""OperatingPoint: the operating point that an installation chose for a model version by its own RT-PCR results."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from diagnosis.estimates import Estimate
from diagnosis.models.added_only import AddedOnly


class OperatingPointQuerySet(models.QuerySet["OperatingPoint"]):
    def in_force(self, model_version: models.Model) -> OperatingPoint | None:
        """The installation's own one for this version; None where the card's is in force.

        Whoever writes an answer or a choice by it holds the lock of the version's row (`locked`).
        """
        newest = self.filter(model_version=model_version.pk).order_by("-pk").first()
        return newest if newest and newest.point is not None else None


class OperatingPoint(AddedOnly):
    """One choice for one version, for all institutions of the installation. The newest row counts.

    Without a `point` it is the way back to the card's. Sensitivity and specificity are those at the point, of the cases
    by which it was chosen; all figures are 0..1, with the ends of their 95 % intervals.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model_version = models.ForeignKey(
        "diagnosis.ModelVersion", on_delete=models.PROTECT, related_name="operating_points"
    )
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(_("in force from"), default=timezone.now, editable=False)
    point = models.FloatField(_("operating point"), null=True)
    point_low = models.FloatField(null=True)
    point_high = models.FloatField(null=True)
    positives = models.PositiveIntegerField(_("RT-PCR positive"), default=0)
    negatives = models.PositiveIntegerField(_("RT-PCR negative"), default=0)
    sensitivity = models.FloatField(_("sensitivity"), null=True)
    sensitivity_low = models.FloatField(null=True)
    sensitivity_high = models.FloatField(null=True)
    specificity = models.FloatField(_("specificity"), null=True)
    specificity_low = models.FloatField(null=True)
    specificity_high = models.FloatField(null=True)

    objects = OperatingPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("operating point")
        verbose_name_plural = _("operating points")

    @property
    def value(self) -> float:
        """The point itself. Raises ValueError for the way back to the card's."""
        if self.point is None:
            raise ValueError("this row says that the card's operating point is in force")
        return self.point

    @property
    def measured(self) -> tuple[Estimate | None, Estimate | None, Estimate | None]:
        """Point, sensitivity and specificity with their intervals."""
        return (
            _estimate(self.point, self.point_low, self.point_high),
            _estimate(self.sensitivity, self.sensitivity_low, self.sensitivity_high),
            _estimate(self.specificity, self.specificity_low, self.specificity_high),
        )


def _estimate(value: float | None, low: float | None, high: float | None) -> Estimate | None:
    return None if value is None or low is None or high is None else Estimate(value, low, high)
