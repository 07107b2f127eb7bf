"""Files that wait until they are worked on: on the disk whole or not at all, in a folder that every worker sees."""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

_PART = ".part"
_DAY = 86_400.0


@dataclass(frozen=True)
class Inbox:
    """setting: the name of the one that holds the folder. suffix: of its files, such as .dcm."""

    setting: str
    suffix: str

    @property
    def folder(self) -> Path:
        folder = Path(getattr(settings, self.setting))
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        return folder

    def keep(self, file: IO[bytes]) -> str:
        """The name of a copy of the file, on disk: part file, fsync, rename, fsync of the folder.

        Raises OSError (a full disk); then nothing of it has a name.
        """
        folder, stem = self.folder, uuid.uuid4().hex
        part = folder / f"{stem}{_PART}"
        try:
            with part.open("xb") as copy:
                shutil.copyfileobj(file, copy, 1024 * 1024)
                copy.flush()
                os.fsync(copy.fileno())
            os.rename(part, folder / f"{stem}{self.suffix}")
        except OSError:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(folder)
        return f"{stem}{self.suffix}"

    def path(self, name: str) -> Path:
        """Raises FileNotFoundError for what is no name of a file that was kept here."""
        if not re.fullmatch(rf"[0-9a-f]{{32}}{re.escape(self.suffix)}", name):
            raise FileNotFoundError("no name of a kept file")
        return self.folder / name

    def delete(self, name: str) -> None:
        """An empty name, and a file that is not there, are as good as deleted."""
        if name:
            self.path(name).unlink(missing_ok=True)

    def sweep(self, kept: set[str], *, older_than: float = _DAY) -> int:
        """Delete part files, and files that no row names, which are older than a day; how many.

        Who was killed while one was written leaves it.
        """
        before, swept = time.time() - older_than, 0
        for path in self.folder.iterdir():
            is_ours = path.suffix in (_PART, self.suffix)
            if is_ours and path.name not in kept and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                swept += 1
        return swept


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
