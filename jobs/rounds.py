"""What `run_jobs` does again and again: list new jobs, take the next radiograph, and call a job done.

With several jobs one radiograph of each is taken in turn, so that a small job does not wait for a large one.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from attempts.claims import claim
from jobs.inbox import inbox_sweep
from jobs.models import Item, Job, JobQuerySet
from jobs.services import archives_in_use, job_settle, jobs_expire
from jobs.sources.zip_file import archive_close
from jobs.work import item_run, list_job

SETTLE_SECONDS, SWEEP_SECONDS = 1.0, 3600.0
FILES_KEPT = timedelta(days=7)
"""The ZIP of a job that has ended, so that what failed can be tried again."""
_LOOKED_AT = 20


class Rounds:
    """One worker, and where it is."""

    def __init__(self, worker: str, only: int | None = None) -> None:
        self.worker, self.only = worker, only
        self._last = 0
        self._settled = self._swept = float("-inf")

    def list_next(self) -> bool:
        """List a new job; False where there is none."""
        jobs = Job.objects.to_be_listed(timezone.now())
        job = claim(self._mine(jobs), worker=self.worker)
        if job is None:
            return False
        list_job(job)
        return True

    def work_next(self) -> bool:
        """One attempt at one radiograph of the job whose turn it is; False where none is due."""
        jobs = list(self._mine(Job.objects.running()).values_list("pk", flat=True))
        for job in [*(pk for pk in jobs if pk > self._last), *(pk for pk in jobs if pk <= self._last)]:
            if self._work_on(job):
                self._last = job
                return True
        return False

    def _work_on(self, job: int) -> bool:
        due = Item.objects.filter(job=job).due(timezone.now()).values_list("pk", flat=True)[:_LOOKED_AT]
        return any(item_run(pk, worker=self.worker) for pk in due)

    def settle(self) -> None:
        """Every second: call each job done of which nothing waits. Every hour: delete what was kept long enough."""
        now = time.monotonic()
        if now - self._settled < SETTLE_SECONDS:
            return
        self._settled = now
        for pk in self._mine(Job.objects.running()).values_list("pk", flat=True):
            job_settle(pk=pk)
        if now - self._swept > SWEEP_SECONDS and self.only is None:
            self._swept = now
            archive_close()
            jobs_expire(files_before=timezone.now() - FILES_KEPT)
            inbox_sweep(archives_in_use())

    def _mine(self, jobs: JobQuerySet) -> JobQuerySet:
        return jobs.filter(pk=self.only) if self.only else jobs
