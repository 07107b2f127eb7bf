"""How far a job is: how many of its radiographs are in which state, how many there are in an hour, the time left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Max, Min
from django.utils import timezone

from jobs.models import Item, Job

_LATELY = timedelta(minutes=10)
_FEWEST = 3
_QUIET = timedelta(minutes=2)
_ENDED = (Item.State.DONE, Item.State.STORED, Item.State.REFUSED, Item.State.DEAD)


@dataclass(frozen=True)
class Progress:
    """counts: by state. per_hour, left: None while too few are done to say. No answer is counted: it may be hidden."""

    counts: dict[str, int]
    per_hour: float | None
    left: timedelta | None
    is_waiting_for_worker: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        return self.counts.get(Item.State.WAITING, 0)

    @property
    def ended(self) -> int:
        return self.total - self.waiting

    @property
    def failed(self) -> int:
        return sum(self.counts.get(state, 0) for state in Item.FAILED)

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 0


def progress_of(job: Job) -> Progress:
    counts = dict(job.items.order_by().values_list("state").annotate(number=Count("pk")))
    per_second = _rate(job) if job.state == Job.State.RUNNING else None
    waiting = counts.get(Item.State.WAITING, 0)
    left = timedelta(seconds=round(waiting / per_second)) if per_second and waiting else None
    return Progress(counts, per_second * 3600 if per_second else None, left, _is_quiet(job))


def _rate(job: Job) -> float | None:
    """Radiographs in a second, of those that ended lately; pauses between them count."""
    lately = job.items.filter(state__in=_ENDED, changed__gte=timezone.now() - _LATELY)
    found = lately.aggregate(number=Count("pk"), first=Min("changed"), last=Max("changed"))
    if found["number"] < _FEWEST:
        return None
    seconds = (found["last"] - found["first"]).total_seconds()
    rate: float | None = (found["number"] - 1) / seconds if seconds else None
    return rate


def _is_quiet(job: Job) -> bool:
    """Whether no worker seems to be there: nothing of an open job was begun or ended for a while."""
    if not job.is_open or job.next_at > timezone.now():
        return False
    since = timezone.now() - _QUIET
    if job.changed > since or job.created > since or job.worker:
        return False
    waiting = job.items.filter(state=Item.State.WAITING, next_at__gt=timezone.now()).exists()
    return not waiting and not job.items.filter(changed__gt=since).exists()
