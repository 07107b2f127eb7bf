"""Which source a job has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jobs.models import Item, Job
from jobs.sources import archive, folder, s3, stored, zip_file
from jobs.sources.found import Content, Found


@dataclass(frozen=True)
class _Source:
    found: Callable[[Job], Iterator[Found]]
    content: Callable[[Item], Content]


_SOURCES = {
    Job.Source.ZIP: _Source(zip_file.found, zip_file.content),
    Job.Source.FOLDER: _Source(folder.found, folder.content),
    Job.Source.S3: _Source(s3.found, s3.content),
    Job.Source.ARCHIVE: _Source(archive.found, archive.content),
    Job.Source.STUDIES: _Source(stored.found_studies, stored.content),
    Job.Source.COMPARISON: _Source(stored.found_answers, stored.content),
}


def found_by(job: Job) -> Iterator[Found]:
    """Every radiograph of the job's source. Raises RadiographRejected and SourceFault."""
    return _SOURCES[Job.Source(job.source)].found(job)


def content_of(item: Item) -> Content:
    """Raises RadiographRejected for what is no radiograph for certain, and SourceFault for what may go well later."""
    return _SOURCES[Job.Source(item.job.source)].content(item)
