"""What alerts are about. Each condition is a function that yields an alert while it holds, and nothing else.

An alert holds numbers and the name of an institution, and never a patient's data. Another app adds its own condition to
`CONDITIONS` from its `AppConfig.ready`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from audit.models import Action, AuditEntry
from diagnosis.findings import Prediction
from diagnosis.models import Diagnosis, ReviewState
from operations.drift import site_drift
from operations.failures import queue_full_mark
from pacs.models import Instance, Outgoing

QUEUE_FULL_LASTS = timedelta(minutes=15)


@dataclass(frozen=True)
class Alert:
    """`key` tells it from others, `code` is for a program; `number` is of what it counts."""

    key: str
    code: str
    text: str
    number: int = 0


Condition = Callable[[], Iterator[Alert]]


def unreviewed_positive() -> Iterator[Alert]:
    """By institution: Positive answers that have waited for a review for longer than the hours that are allowed."""
    if not (hours := settings.ALERT_UNREVIEWED_HOURS):
        return
    waiting = Diagnosis.objects.kept().reviewed_as(ReviewState.UNREVIEWED).predicted(Prediction.POSITIVE.value)
    late = waiting.filter(created__lt=timezone.now() - timedelta(hours=hours))
    for pk, name, number in late.order_by().values_list("institution", "institution__name").annotate(Count("pk")):
        text = f"{name}: {number} Positive answers have been waiting for a review for more than {hours} hours."
        yield Alert(f"unreviewed-positive:{pk}", "unreviewed-positive", text, number)


def no_backup() -> Iterator[Alert]:
    """None was made within the days that are allowed, or none ever."""
    if not (days := settings.ALERT_BACKUP_DAYS):
        return
    made = AuditEntry.objects.filter(action=Action.BACKUP_MADE)
    if not made.filter(time__gte=timezone.now() - timedelta(days=days)).exists():
        last = made.order_by("-sequence").values_list("time", flat=True).first()
        when = f"the last one was made on {last:%Y-%m-%d %H:%M} UTC" if last else "none was ever made"
        yield Alert("no-backup", "no-backup", f"No backup was made for {days} days: {when}.", days)


def queue_full() -> Iterator[Alert]:
    """Uploads were turned away lately because too many waited."""
    if not settings.ALERT_QUEUE_FULL:
        return
    marked = queue_full_mark()
    if marked and datetime.now(UTC) - marked < QUEUE_FULL_LASTS:
        yield Alert("queue-full", "queue-full", "Uploads were turned away in the last minutes: the queue is full.")


def dead_letters() -> Iterator[Alert]:
    """Radiographs of a PACS that could not be taken in, and results that could not be sent back."""
    if not (settings.ALERT_DEAD_LETTERS and settings.PACS):
        return
    received = Instance.objects.filter(state=Instance.State.DEAD).count()
    sent = Outgoing.objects.filter(state=Outgoing.State.DEAD).count()
    if received + sent:
        text = f"PACS: {received} radiographs were not taken in and {sent} results not sent back, and were given up."
        yield Alert("dead-letters", "dead-letters", text, received + sent)


def drift() -> Iterator[Alert]:
    """What the model sees of late differs much from its first weeks."""
    if settings.ALERT_DRIFT and (changed := site_drift().changed):
        text = f"The radiographs of the last weeks differ much from those of the first weeks ({changed} institutions)."
        yield Alert("drift", "drift", text, changed)


CONDITIONS: list[Condition] = [unreviewed_positive, no_backup, queue_full, dead_letters, drift]


def alerts_now() -> list[Alert]:
    """Everything that holds at this moment. Raises what the database raises."""
    return [alert for condition in CONDITIONS for alert in condition()]
