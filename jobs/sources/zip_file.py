"""A ZIP archive that was sent: its files by where they begin in it, read one by one, none unpacked on the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack

from django.conf import settings

from diagnosis.errors import gettext_noop
from diagnosis.imaging.archives import Limits, Member, members, opened
from diagnosis.uploads.file_names import shown_file_name
from jobs.errors import SourceFault
from jobs.inbox import inbox_path
from jobs.models import Item, Job
from jobs.sources.found import Content, Found

MOST_BYTES = 10**12
"""Of all files together: they are read one by one, and what they take on the disk is bounded by the disk."""


def limits() -> Limits:
    most: int = settings.JOBS_MOST_ITEMS
    return Limits(members=most, listed=2 * most, total_bytes=MOST_BYTES)


def found(job: Job) -> Iterator[Found]:
    """Raises RadiographRejected for an archive that cannot be read, and SourceFault where it is gone."""
    try:
        with inbox_path(job.file).open("rb") as file:
            for member in members(file, limits()):
                yield Found(str(member.info.header_offset), shown_file_name(member.name))
    except OSError as error:
        raise _gone() from error


def content(item: Item) -> Content:
    """Raises RadiographRejected (too large, encrypted, damaged) and SourceFault."""
    try:
        with _archive.lock:
            return Content(_archive.member(item.job.file, item.place).read())
    except OSError as error:
        raise _gone() from error


class _OpenArchive:
    """The archive that this process has read from last stays open: reading its list for each file would take longer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._name, self._process = "", 0
        self._members: dict[str, Member] = {}
        self._closing = ExitStack()

    def member(self, name: str, place: str) -> Member:
        if (self._name, self._process) != (name, os.getpid()):
            self._open(name)
        if place not in self._members:
            raise _gone()
        return self._members[place]

    def _open(self, name: str) -> None:
        self.close()
        with ExitStack() as stack:
            archive = stack.enter_context(opened(stack.enter_context(inbox_path(name).open("rb")), limits()))
            self._members = {
                str(info.header_offset): Member(info.filename, archive, info) for info in archive.infolist()
            }
            self._closing = stack.pop_all()
        self._name, self._process = name, os.getpid()

    def close(self) -> None:
        self._closing.close()
        self._name, self._members = "", {}


_archive = _OpenArchive()


def archive_close() -> None:
    """Let go of the archive that was read last: it is about to be deleted."""
    with _archive.lock:
        _archive.close()


def _gone() -> SourceFault:
    return SourceFault(
        gettext_noop("The ZIP archive of this job is not here any more. Send it again."), code="zip-gone"
    )
