"""Jobs as tests start them, and a worker that works them off."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from accounts.models import User
from jobs.models import Job
from jobs.rounds import Rounds
from jobs.services import NewJob, job_start
from tests.uploads import radiograph_png


def zipped(files: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    packed.seek(0)
    return packed


def chests(number: int, first: int = 0) -> dict[str, bytes]:
    return {f"chest-{seed}.png": radiograph_png(seed) for seed in range(first, first + number)}


def zip_job(person: User, files: dict[str, bytes], **values: Any) -> Job:
    return job_start(
        NewJob(person=person, name="Ward 3", source=Job.Source.ZIP, place={}, file=zipped(files), **values)
    )


def worked_off(job: Job, worker: str = "w") -> Job:
    """The job once nothing of it is due any more."""
    rounds = Rounds(worker, only=job.pk)
    while rounds.list_next() or rounds.work_next():
        pass
    rounds._settled = float("-inf")
    rounds.settle()
    job.refresh_from_db()
    return job


def states(job: Job) -> list[str]:
    return list(job.items.order_by("pk").values_list("state", flat=True))
