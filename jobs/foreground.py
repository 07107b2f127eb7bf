"""Working on one job in the foreground, for commands: with a bar where there is a terminal."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from attempts.claims import leases_end
from jobs.models import Item, Job
from jobs.progress import progress_of
from jobs.rounds import Rounds

_SHOWN_EVERY = 1.0
_WAIT = 0.3


def work_off(job: Job) -> Job:
    """The job once it is done, or somebody has stopped it."""
    worker = f"{socket.gethostname()[:40]}:command-{os.getpid()}"
    rounds = Rounds(worker, only=job.pk)
    try:
        with _bar(job) as show:
            while Job.objects.only("state").get(pk=job.pk).is_open:
                if not (rounds.list_next() or rounds.work_next()):
                    time.sleep(_WAIT)
                rounds.settle()
                show()
    finally:  # after Ctrl-C the radiograph that was begun need not wait for its lease
        leases_end(Item, worker=worker)
        leases_end(Job, worker=worker)
    job.refresh_from_db()
    return job


@contextmanager
def _bar(job: Job) -> Iterator[Callable[[], None]]:
    """The function that moves the bar."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar, shown = progress.add_task("Classifying", total=None), [0.0]

        def show() -> None:
            if progress.disable or time.monotonic() - shown[0] < _SHOWN_EVERY:
                return
            shown[0] = time.monotonic()
            now = progress_of(job)
            progress.update(bar, total=now.total or None, completed=now.ended)

        yield show
