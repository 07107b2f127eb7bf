"""Two versions of the model over the same radiographs: how many answers would change, from what to what, and which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Q

from accounts.models import User
from diagnosis.errors import gettext_noop
from diagnosis.findings import Prediction
from diagnosis.model_cards.versions import find_version, served_version
from diagnosis.models import Diagnosis
from diagnosis.reviews.blinding import revealed_to
from jobs.errors import JobRefused
from jobs.models import Item, ItemQuerySet, Job
from jobs.services import NewJob, job_start

MOST_COMPARED = 1000
REFUSED = "refused"
ANSWERS = [answer.value for answer in Prediction]


@dataclass(frozen=True)
class Row:
    """What the version in use answered, and how often the other one what: in the order of ANSWERS, refused last."""

    before: str
    numbers: list[int]

    @property
    def label(self) -> str:
        return str(Diagnosis.Label(self.before).label)


@dataclass(frozen=True)
class Comparison:
    rows: list[Row]
    compared: int
    changed: int
    """Another answer, or none at all."""

    @property
    def percent_changed(self) -> float | None:
        return 100 * self.changed / self.compared if self.compared else None


def comparison_start(*, actor: User, version: str, most: int = MOST_COMPARED, by_command: bool = False) -> Job:
    """Classify the newest answered radiographs with a version that is not in use. Raises JobRefused."""
    served, found = served_version(), find_version(version)
    if found is None or not (found.is_here and found.is_built):
        raise JobRefused(gettext_noop("This version is not built on this machine."), code="not-built")
    if not served or served == version:
        raise JobRefused(gettext_noop("This version is in use: choose another one to compare with it."), code="served")
    place = {"most": most}
    name = f"{served} → {version}"
    new = NewJob(actor, name, Job.Source.COMPARISON, place, None, version, served, by_command=by_command)
    return job_start(new)


def comparison_of(job: Job) -> Comparison:
    """Counts over every institution: they name nobody."""
    counts: dict[tuple[str, str], int] = {}
    ended = job.items.exclude(diagnosis=None).filter(state__in=[Item.State.DONE, Item.State.REFUSED]).order_by()
    grouped = ended.values_list("diagnosis__prediction", "prediction", "state").annotate(number=Count("pk"))
    for before, after, state, number in grouped:
        counts[before, REFUSED if state == Item.State.REFUSED else after] = number
    rows = [Row(before, [counts.get((before, after), 0) for after in (*ANSWERS, REFUSED)]) for before in ANSWERS]
    changed = sum(number for (before, after), number in counts.items() if before != after)
    return Comparison(rows, sum(counts.values()), changed)


def changed_items(job: Job) -> ItemQuerySet:
    """Those that the other version would answer differently, or not at all."""
    other = Q(state=Item.State.DONE) & ~Q(prediction=F("diagnosis__prediction"))
    return job.items.exclude(diagnosis=None).filter(other | Q(state=Item.State.REFUSED))


def changed_for(user: User, job: Job, most: int) -> Iterator[tuple[Item, Diagnosis]]:
    """The same, of results that the person may see and, reading blind, has read; the most certain change first."""
    results = revealed_to(user, Diagnosis.objects.visible_to(user))
    items = changed_items(job).filter(diagnosis__in=results.values("pk")).order_by("-probability", "pk")[:most]
    shown = Diagnosis.objects.visible_to(user).with_rows_shown().in_bulk([item.diagnosis_id for item in items])
    for item in items:
        if result := shown.get(item.diagnosis_id or 0):
            yield item, result
