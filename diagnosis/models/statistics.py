"""The cache of statistics: counted days, and changes that make them stale. Part of `diagnosis.models`.

Nothing here is a source of truth: every row of `DayFigures` may be deleted at any time, and is counted again when it is
asked for.
"""

from __future__ import annotations

from django.db import models

from accounts.models.institutions import Institution


class ResultChange(models.Model):
    """Something changed about results of one day. Rows are added, never changed, so that no writer waits for another.

    The sum of `number` over a day only grows: figures that were counted at the same sum are still right.
    """

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(help_text="The day in UTC on which the result was made.")
    number = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["institution", "day", "number"], name="changes_by_day")]

    def __str__(self) -> str:
        return f"{self.number} on {self.day}"


class DayFigures(models.Model):
    """What was counted of an institution's results from `start` to `end`, a day somewhere on earth."""

    class Kind(models.TextChoices):
        REPORT = "report"
        SCORECARD = "scorecard"
        DRIFT = "drift"

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    start = models.DateTimeField()
    end = models.DateTimeField()
    changes = models.PositiveBigIntegerField(help_text="The sum of the changes before anything was counted.")
    figures = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "kind", "start", "end"], name="one_row_of_figures_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.start:%Y-%m-%d}"
