"""ZIP archives of jobs until they are done: on the disk whole or not at all, in a folder that every worker sees."""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import IO

from django.conf import settings

_NAME = re.compile(r"[0-9a-f]{32}\.zip\Z")
_DAY = 86_400.0


def inbox() -> Path:
    folder = Path(settings.JOBS_INBOX)
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    return folder


def inbox_keep(file: IO[bytes]) -> str:
    """The name of a copy of the file, on disk. Raises OSError (a full disk); then nothing of it is left."""
    folder, stem = inbox(), uuid.uuid4().hex
    part = folder / f"{stem}.part"
    try:
        with part.open("xb") as copy:
            shutil.copyfileobj(file, copy, 1024 * 1024)
            copy.flush()
            os.fsync(copy.fileno())
        os.rename(part, folder / f"{stem}.zip")
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return f"{stem}.zip"


def inbox_path(name: str) -> Path:
    """Raises FileNotFoundError for what is no name of a kept archive."""
    if not _NAME.match(name):
        raise FileNotFoundError("no name of a kept archive")
    return inbox() / name


def inbox_delete(name: str) -> None:
    if name:
        inbox_path(name).unlink(missing_ok=True)


def inbox_sweep(kept: set[str], *, older_than: float = _DAY) -> int:
    """Delete what no job names and is older than a day; how many files."""
    before, swept = time.time() - older_than, 0
    for path in inbox().iterdir():
        if path.suffix in (".part", ".zip") and path.name not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            swept += 1
    return swept
