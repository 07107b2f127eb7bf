"""AlertState: that an alert was sent, so that it is not sent every few minutes."""

from __future__ import annotations

from django.db import models


class AlertState(models.Model):
    """One condition that holds, by the key of its alert. Deleted when the condition is over."""

    key = models.CharField(max_length=100, unique=True)
    since = models.DateTimeField()
    sent = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "alert"
        verbose_name_plural = "alerts"

    def __str__(self) -> str:
        return self.key
