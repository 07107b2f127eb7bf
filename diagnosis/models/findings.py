"""What else a model version looked for, and how probable it is: a row for each diagnosis and finding.

Written with the diagnosis and never changed. None of them is the answer: `Diagnosis.appearance` repeats the name of the
most probable one, so that the list can be filtered by it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from diagnosis.models.results import Diagnosis


class ModelFinding(models.Model):
    """probability: calibrated, 0..1. No map: what speaks for a finding does not show where it is (decision 0007)."""

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="findings", db_index=False)
    name = models.CharField(_("name"), max_length=20)
    probability = models.FloatField(_("calibrated probability"))

    class Meta:
        verbose_name = _("finding of the model")
        verbose_name_plural = _("findings of the model")
        ordering = ["pk"]  # as they were written: the scale of the words
        constraints = [models.UniqueConstraint(fields=["diagnosis", "name"], name="one_row_per_finding")]

    def __str__(self) -> str:
        return self.name


def findings_read(diagnoses: Iterable[Diagnosis]) -> None:
    """Read the findings of many rows in one query. Those of hidden answers stay away."""
    prefetch_related_objects(list(diagnoses), "findings")
