"""Sends what is new, reminds once a day, and forgets what is over."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from operations.alerts.conditions import Alert, alerts_now
from operations.alerts.sending import alerts_mailed, alerts_posted
from operations.models import AlertState

REMIND_AFTER = timedelta(hours=24)


def alerts_send() -> list[Alert] | None:
    """The alerts that were sent; None where a message was to be sent and was not, so that the next run tries again."""
    now = alerts_now()
    due = _due(now)
    if not due:
        return []
    mailed, posted = alerts_mailed(due), alerts_posted(due)
    if not (mailed and posted):
        return None
    AlertState.objects.filter(key__in=[alert.key for alert in due]).update(sent=timezone.now())
    return due


@transaction.atomic
def _due(alerts: list[Alert]) -> list[Alert]:
    """Those not sent within a day; what no longer holds is forgotten, and so is new when it comes back."""
    AlertState.objects.exclude(key__in=[alert.key for alert in alerts]).delete()
    moment = timezone.now()
    due = []
    for alert in alerts:
        state = AlertState.objects.get_or_create(key=alert.key, defaults={"since": moment})[0]
        if state.sent is None or state.sent < moment - REMIND_AFTER:
            due.append(alert)
    return due
