"""A folder on the server, only below a root: the setting JOBS_FOLDER for people, any folder for the command line.

What leads out of the root by a link is not read, and neither are devices and pipes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from django.conf import settings

from accounts.models import Institution
from diagnosis.errors import gettext_noop
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.uploads.file_names import shown_file_name
from jobs.errors import JobRefused, SourceFault
from jobs.models import Item, Job
from jobs.sources.found import Content, Found


def root_of(institution: Institution) -> Path | None:
    """The folder that people of the institution may have classified, with all below it; None where there is none."""
    if not settings.JOBS_FOLDER:
        return None
    root = Path(settings.JOBS_FOLDER) / str(institution.uuid)
    return root if root.is_dir() else None


def place_of(root: Path, folder: str) -> dict[str, str]:
    """What a job stores of its folder. Raises JobRefused for one that is not there, or not below the root."""
    try:
        real, below = root.resolve(strict=True), (root / folder).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise _no_folder() from None
    if not (below.is_dir() and below.is_relative_to(real)):
        raise _no_folder()
    return {"root": str(real), "folder": str(below)}


def _no_folder() -> JobRefused:
    return JobRefused(gettext_noop("There is no such folder on the server."), code="no-folder")


def found(job: Job) -> Iterator[Found]:
    """Every file below the folder, in order; what is hidden is passed over. Raises SourceFault."""
    folder = Path(job.place["folder"])
    if not folder.is_dir():
        raise SourceFault(gettext_noop("The folder of this job is not there."), code="folder-gone")
    for path in _files(folder):
        yield Found(quote_from_bytes(os.fsencode(path.relative_to(folder))), shown_file_name(_text(path.name)))


def _files(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(at, name) for name in sorted(files) if not name.startswith("."))


def _text(name: str) -> str:
    """A name in whatever encoding as text."""
    return os.fsencode(name).decode("utf-8", "replace")


def content(item: Item) -> Content:
    """One byte more than is accepted at most. Raises SourceFault."""
    place = item.job.place
    path = Path(place["folder"]) / os.fsdecode(unquote_to_bytes(item.place))
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(Path(place["root"])):
            raise _no_file("file-outside")
        with open(os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _no_file("no-file")
            return Content(file.read(MAX_FILE_BYTES + 1))
    except (OSError, RuntimeError) as error:
        raise _no_file("file-gone") from error


def _no_file(code: str) -> SourceFault:
    return SourceFault(gettext_noop("The file is not there, or cannot be read."), code=code)
