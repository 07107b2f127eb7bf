"""What changes jobs and their items: started, listed, stopped, set going again, done, refused, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import IO, Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User
from attempts.claims import LEASE, finish, is_ours, locked_row
from audit.models import Action
from audit.services import held_back, record
from diagnosis.errors import DiagnosisError, RadiographRejected, gettext_noop
from diagnosis.uploads.services import UploadOutcome
from jobs.errors import JobRefused
from jobs.inbox import inbox_delete, inbox_keep
from jobs.models import ITEM_NAME_LENGTH, NAME_LENGTH, Item, Job, kept_since
from jobs.sources.found import Found

_BATCH = 500
MOST_OPEN = 20
"""Jobs of one person that are not done."""


@dataclass(frozen=True)
class NewJob:
    """What is asked for. `file`: the ZIP of a job from one."""

    person: User
    name: str
    source: str
    place: dict[str, Any]
    file: IO[bytes] | None = None
    version: str = ""
    compared_with: str = ""
    without_answer: bool = False
    by_command: bool = False


def job_start(new: NewJob) -> Job:
    """Raises JobRefused where the person has too many, and OSError where the ZIP cannot be kept (a full disk)."""
    file = inbox_keep(new.file) if new.file else ""
    try:
        return _job_row(new, file)
    except BaseException:
        inbox_delete(file)
        raise


@transaction.atomic
def _job_row(new: NewJob, file: str) -> Job:
    User.objects.select_for_update().get(pk=new.person.pk)  # or two that start at once are each the last one
    if Job.objects.filter(person=new.person).exclude(state=Job.State.DONE).count() >= MOST_OPEN:
        text = gettext_noop("You have %(most)d jobs that are not done. Let one end, or delete it.")
        raise JobRefused(text, code="too-many-jobs", most=MOST_OPEN)
    job = Job.objects.create(
        institution=new.person.institution,
        person=new.person,
        name=new.name[:NAME_LENGTH],
        source=new.source,
        place=new.place,
        file=file,
        version=new.version,
        compared_with=new.compared_with,
        without_answer=new.without_answer,
    )
    actor = None if new.by_command else new.person
    record(Action.JOB_STARTED, actor=actor, subject=job, detail={"source": new.source, "model": new.version})
    return job


# --- listing --------------------------------------------------------------------------------------------------------


def items_add(*, job: Job, found: Iterable[Found], most: int) -> int:
    """A row for each that is found; one that is there stays as it is. How many were found.

    Raises RadiographRejected where there are more than `most`. Each batch keeps the job's lease alive.
    """
    number, places = 0, iter(found)
    while batch := list(islice(places, _BATCH)):
        number += len(batch)
        if number > most:
            text = gettext_noop("The source holds more than %(most)d files: make several jobs of it.")
            raise RadiographRejected(text, code="too-many-items", most=most)
        Item.objects.bulk_create([_item(job, one) for one in batch], ignore_conflicts=True)
        Job.objects.filter(pk=job.pk, worker=job.worker).update(next_at=timezone.now() + LEASE)
    return number


def _item(job: Job, found: Found) -> Item:
    row = Item(job=job, key=_key(job, found.place), place=found.place, name=found.name[:ITEM_NAME_LENGTH])
    row.study_id, row.diagnosis_id = found.study, found.diagnosis
    return row


def _key(job: Job, place: str) -> str:
    """Keyed, because a place may be a patient's name and the key stays when that is erased."""
    return salted_hmac(f"jobs.item:{job.uuid}", place, algorithm="sha256").hexdigest()


@transaction.atomic
def job_listed(*, job: Job) -> None:
    """Every radiograph of its source is an item. One that was stopped meanwhile is listed again when it goes on."""
    now = locked_row(job)
    if now.state == Job.State.LISTING:
        finish(now, state=Job.State.RUNNING, is_listed=True, attempts=0)


# --- stopping and going on ------------------------------------------------------------------------------------------


@transaction.atomic
def job_stop(*, job: Job, actor: User | None, error: DiagnosisError | None = None) -> Job:
    """Nothing more of it is begun; what a worker is at ends. `error`: why it stops by itself."""
    now = locked_row(job)
    if not now.is_open:
        return now
    now.state, now.worker, now.changed = Job.State.STOPPED, "", timezone.now()
    now.reason, now.reason_text, now.reason_values = "", "", {}
    if error:
        now.reason, now.reason_text, now.reason_values = error.code[:40], error.message[:500], dict(error.values)
    now.save(update_fields=["state", "worker", "changed", "reason", "reason_text", "reason_values"])
    record(Action.JOB_STOPPED, actor=actor, subject=now, detail={"reason": now.reason})
    return now


@transaction.atomic
def job_resume(*, job: Job, actor: User | None) -> Job:
    """A stopped one goes on where it was."""
    now = locked_row(job)
    if now.state == Job.State.STOPPED:
        _set_going(now)
        record(Action.JOB_RESUMED, actor=actor, subject=now, detail={"items": 0})
    return now


@transaction.atomic
def job_retry(*, job: Job, actor: User) -> int:
    """Try again what was refused or given up; how many."""
    now = locked_row(job)
    if not (now.is_listed and has_source(now)):
        return 0
    fresh = {"attempts": 0, "next_at": timezone.now(), "worker": "", "reason": "", "reason_text": ""}
    number = now.items.failed().update(state=Item.State.WAITING, queued=None, reason_values={}, **fresh)
    if number:
        _set_going(now)
        record(Action.JOB_RESUMED, actor=actor, subject=now, detail={"items": number})
    return number


def has_source(job: Job) -> bool:
    """Whether its radiographs can still be read: the archive of a job that is done is not kept for ever."""
    return job.source != Job.Source.ZIP or bool(job.file)


def _set_going(job: Job) -> None:
    state = Job.State.RUNNING if job.is_listed else Job.State.LISTING
    finish(job, state=state, attempts=0, next_at=timezone.now(), finished=None)


@transaction.atomic
def job_settle(*, pk: int) -> bool:
    """A running job of which nothing waits is done; whether it is."""
    job = Job.objects.select_for_update().filter(pk=pk, state=Job.State.RUNNING).first()
    if job is None or job.items.filter(state=Item.State.WAITING).exists():
        return False
    finish(job, state=Job.State.DONE, finished=timezone.now())
    return True


# --- items ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def item_claim(*, pk: int, worker: str, takes_over: bool = False) -> Item | None:
    """Take that item if it is due and its job runs; None where another worker has it or it is done.

    The attempt is counted and committed before it begins. `takes_over`: the same message came again because its worker
    died, and so the lease of that worker is over.
    """
    now = timezone.now()
    item = Item.objects.select_for_update().filter(pk=pk).first()
    if item is None or item.state != Item.State.WAITING or item.job.state != Job.State.RUNNING:
        return None
    if item.next_at > now and not (takes_over and item.worker == worker):
        return None
    item.attempts += 1
    item.worker, item.next_at, item.queued = worker, now + LEASE, None
    item.save(update_fields=["attempts", "worker", "next_at", "queued"])
    return item


@transaction.atomic
def item_done(*, item: Item, outcome: UploadOutcome) -> None:
    """The item has its study. The one whose lease was over leaves it to the other worker, which finds that study."""
    if now := _held(item):
        state = Item.State.DONE if outcome.newest else Item.State.STORED
        finish(now, state=state, outcome=_outcome(item, outcome), study=outcome.study, diagnosis=outcome.newest)
        if outcome.refusal:
            _keep_reason(now, outcome.refusal)


def _held(item: Item) -> Item | None:
    """The row, locked, where this attempt at it is still in force and its study was not erased in the meantime."""
    now = locked_row(item)
    return now if is_ours(item, now) and now.state == Item.State.WAITING else None


def _outcome(item: Item, outcome: UploadOutcome) -> str:
    if outcome.is_voided:
        return Item.Outcome.VOIDED
    made = outcome.newest.created if outcome.newest else outcome.study.created
    is_own = made >= item.job.created  # by a worker of this job that was killed before it could say so
    return Item.Outcome.REPEAT if outcome.is_repeat and not is_own else Item.Outcome.NEW


@transaction.atomic
def item_compared(*, item: Item, prediction: str, probability: float, findings: Mapping[str, float]) -> None:
    """What the other version would answer."""
    if now := _held(item):
        finish(now, state=Item.State.DONE, prediction=prediction, probability=probability, findings=dict(findings))


@transaction.atomic
def item_refused(*, item: Item, error: DiagnosisError) -> None:
    """Over, for what the file is."""
    if now := _held(item):
        finish(now, state=Item.State.REFUSED, is_counted=True)
        _keep_reason(now, error)


def _keep_reason(item: Item, error: DiagnosisError) -> None:
    item.reason, item.reason_text, item.reason_values = error.code[:40], error.message[:500], dict(error.values)
    item.save(update_fields=["reason", "reason_text", "reason_values"])


# --- deleting -------------------------------------------------------------------------------------------------------


def job_delete(*, job: Job, actor: User | None) -> None:
    """Delete a job that is not running, with its list and its archive. Its results stay."""
    with transaction.atomic(), held_back():
        now = locked_row(job)
        if now.is_open:
            raise JobRefused(gettext_noop("Stop the job first."), code="job-runs")
        record(Action.JOB_DELETED, actor=actor, subject=now, detail={"items": now.items.count()})
        Item.objects.filter(job=now).delete()
        file = now.file
        now.delete()
    inbox_delete(file)


def jobs_expire(*, files_before: datetime) -> int:
    """Delete jobs that ended long ago, and the archives of those that have had time enough to be tried again."""
    rows = Job.objects.exclude(file="").exclude(state__in=[Job.State.LISTING, Job.State.RUNNING])
    for job in rows.filter(changed__lt=files_before):
        Job.objects.filter(pk=job.pk).update(file="")
        inbox_delete(job.file)
    old = Job.objects.exclude(state__in=[Job.State.LISTING, Job.State.RUNNING]).filter(changed__lt=kept_since())
    for job in old:
        job_delete(job=job, actor=None)
    return len(old)


def archives_in_use() -> set[str]:
    return set(Job.objects.exclude(file="").values_list("file", flat=True))
