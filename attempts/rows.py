"""Attempted: tried with growing pauses until it is done or given up; columns that such rows share."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=6)


def pause_after(attempts: int) -> timedelta:
    """5 s, doubled after each further attempt, 6 hours at most."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)


class Attempted(models.Model):
    """A row that is worked on. Each attempt is counted before it begins, so that one that kills its process counts."""

    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now, editable=False)
    worker = models.CharField(max_length=64, blank=True, editable=False)  # who works on it until `next_at`
    reason = models.CharField(_("reason"), max_length=40, blank=True, editable=False)
    reason_text = models.CharField(max_length=500, blank=True, editable=False)
    reason_values = models.JSONField(default=dict, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    changed = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def most_attempts(self) -> int:
        """After so many failed ones it is given up."""
        raise NotImplementedError

    @property
    def why(self) -> str:
        """Why it was refused or given up, in the person's language."""
        sentence = _g(self.reason_text) if self.reason_text else ""
        return sentence % self.reason_values if self.reason_values else sentence
