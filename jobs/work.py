"""One attempt at listing a job or at one of its radiographs, and what becomes of a failure.

A radiograph enters by `diagnosis_create` alone, in the name of the person who started the job. A worker that is killed
between its commit and the item's is followed by one that finds the same diagnosis: nothing is lost, nothing is doubled.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import replace
from functools import lru_cache

from django.conf import settings

from attempts.claims import attempt_failed, attempt_postponed
from diagnosis.errors import DiagnosisError, ModelBusy, ModelUnavailable, RadiographRejected, gettext_noop
from diagnosis.files.faults import StorageFault
from diagnosis.imaging.corrections import corrected
from diagnosis.imaging.decoding import read_untrusted
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.serving import load_classifier
from diagnosis.uploads.services import diagnosis_create
from jobs.errors import SourceFault
from jobs.models import Item, Job
from jobs.services import item_claim, item_compared, item_done, item_refused, items_add, job_listed, job_stop
from jobs.sources.choice import content_of, found_by

logger = logging.getLogger(__name__)

NO_MODEL_SECONDS = AWAY_SECONDS = 60
_FULL = (errno.ENOSPC, errno.EDQUOT)
_AWAY = gettext_noop("The storage does not answer.")
_FAULT = gettext_noop("A fault of this site; its log says more.")


def item_run(pk: int, *, worker: str, takes_over: bool = False) -> bool:
    """One attempt at that radiograph; False where it is not due, or another worker has it."""
    item = item_claim(pk=pk, worker=worker, takes_over=takes_over)
    if item is None:
        return False
    if not may_work(item.job):
        _stop_without_person(item.job)
        attempt_postponed(item, seconds=0, code="", text="")
        return True
    treat(item)
    return True


def may_work(job: Job) -> bool:
    """Whether the person in whose name it is done has an account in use, and the role."""
    person = job.person
    has_role = person.is_staff if job.source == Job.Source.COMPARISON else person.is_radiographer
    return bool(person.is_active and has_role)


def _stop_without_person(job: Job) -> None:
    error = DiagnosisError(gettext_noop("Who started this job may not classify any more."), "person-gone")
    job_stop(job=job, actor=None, error=error)


def treat(item: Item) -> None:
    """One attempt at a claimed radiograph. Raises only what the database raises, or what ends the process."""
    try:
        _attempt(item)
    except (ModelBusy, ModelUnavailable) as error:
        seconds = error.retry_after if isinstance(error, ModelBusy) else NO_MODEL_SECONDS
        attempt_postponed(item, seconds=seconds, code=error.code, text=error.message)
    except SourceFault as error:
        attempt_failed(item, code=error.code, text=error.message, values=error.values)
    except DiagnosisError as error:  # refused for what it is: the same file would be refused again
        item_refused(item=item, error=error)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            _disk_is_full(item)
            return
        if isinstance(error, StorageFault):  # every other radiograph would meet the same
            logger.warning("job %s waits for the storage: %s", item.job, error.strerror)
            attempt_postponed(item, seconds=AWAY_SECONDS, code="storage-away", text=_AWAY)
            return
        logger.exception("radiograph %s of job %s: the attempt failed", item, item.job)
        attempt_failed(item, code="fault", text=_FAULT)


def _attempt(item: Item) -> None:
    content = content_of(item)
    if item.job.source == Job.Source.COMPARISON:
        _compare(item, content.file, content.entered.correction)
        return
    outcome = diagnosis_create(
        user=item.job.person,
        content=content.file,
        file_name=item.name or "radiograph.dcm",
        entered=content.entered,
        without_answer=item.job.without_answer,
        is_counted=not item.is_counted,
    )
    item_done(item=item, outcome=outcome)


def _compare(item: Item, content: bytes, correction: str) -> None:
    """What the other version answers is kept with the item: no page of a result shows it."""
    radiograph = read_untrusted(content)
    radiograph = replace(radiograph, pixels=corrected(radiograph.pixels, correction))
    answer = _classifier(item.job.version, settings.INFERENCE_ENGINE).classify(radiograph)
    findings = {finding.name: finding.probability for finding in answer.findings}
    item_compared(item=item, prediction=answer.prediction.value, probability=answer.probability, findings=findings)


@lru_cache(maxsize=1)
def _classifier(version: str, engine: str) -> Classifier:
    """One version that is not served stays loaded: a comparison asks it for hundreds of radiographs."""
    return load_classifier(version, engine)


def _disk_is_full(item: Item) -> None:
    """Every other radiograph would meet the same: the job waits for a person."""
    error = DiagnosisError(gettext_noop("The server's disk is full. Go on once there is room again."), "disk-full")
    attempt_postponed(item, seconds=0, code="", text="")
    job_stop(job=item.job, actor=None, error=error)


def list_job(job: Job) -> None:
    """Make an item of every radiograph of a claimed job's source; a list that was interrupted is begun again."""
    if not may_work(job):
        _stop_without_person(job)
        return
    try:
        items_add(job=job, found=found_by(job), most=settings.JOBS_MOST_ITEMS)
        job_listed(job=job)
    except SourceFault as error:
        _list_failed(job, error)
    except RadiographRejected as error:
        job_stop(job=job, actor=None, error=error)
    except Exception:
        logger.exception("job %s: its radiographs cannot be listed", job)
        _list_failed(job, DiagnosisError(_FAULT, "fault"))


def _list_failed(job: Job, error: DiagnosisError) -> None:
    """Again after a pause, or stopped for a person to look at."""
    if job.attempts >= job.most_attempts:
        job_stop(job=job, actor=None, error=error)
    else:
        attempt_failed(job, code=error.code, text=error.message, values=error.values)
