"""Received files until they are classified: written whole or not at all, on disk before the sender hears of success."""

from __future__ import annotations

import os
import re
import time
import uuid
from pathlib import Path

from django.conf import settings

_PART = ".part"
_WHOLE = ".dcm"
_DAY = 86_400.0
_NAME = re.compile(r"[0-9a-f]{32}\.dcm\Z")


def inbox() -> Path:
    folder = Path(settings.PACS_INBOX)
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    return folder


def inbox_write(content: bytes) -> str:
    """The name of a new file with this content, on disk: part file, fsync, rename, fsync of the folder.

    Raises OSError; then nothing of it has a name.
    """
    folder, stem = inbox(), uuid.uuid4().hex
    part = folder / f"{stem}{_PART}"
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, folder / f"{stem}{_WHOLE}")
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return f"{stem}{_WHOLE}"


def inbox_read(name: str) -> bytes:
    """Raises OSError where the file is not there (FileNotFoundError) or cannot be read."""
    return _path(name).read_bytes()


def inbox_delete(name: str) -> None:
    if name:
        _path(name).unlink(missing_ok=True)


def inbox_sweep(kept: set[str], *, older_than: float = _DAY) -> int:
    """Delete the part files and the files that no row names which are older than a day; how many.

    A receiver that was killed leaves one of them; its sender, which heard of no success, sends again.
    """
    before, swept = time.time() - older_than, 0
    for path in inbox().iterdir():
        is_ours = path.suffix in (_PART, _WHOLE)
        if is_ours and path.name not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def _path(name: str) -> Path:
    if not _NAME.match(name):
        raise FileNotFoundError("no name of a received file")
    return inbox() / name


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
