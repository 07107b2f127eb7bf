"""Deletes the files whose rows were erased: `FileToErase` names them until they are gone."""

from __future__ import annotations

import errno
import logging
from contextlib import suppress

from django.core.files.storage import default_storage

from diagnosis.files.faults import StorageFault
from diagnosis.files.folders import folder_delete
from diagnosis.models import FileToErase

logger = logging.getLogger(__name__)


def files_erase() -> int:
    """Delete the files that are noted; how many could not be and stay noted.

    Where the storage is away, the others are not tried: a person may wait for this.
    """
    left = 0
    for note in FileToErase.objects.order_by("pk"):
        try:
            _file_erase(note)
        except OSError as error:
            logger.exception("the file %s of something erased cannot be deleted", note.name)
            left += 1
            if isinstance(error, StorageFault) and error.errno != errno.EACCES:
                return FileToErase.objects.count()
    return left


def _file_erase(note: FileToErase) -> None:
    default_storage.delete(note.name)
    with suppress(OSError):  # the folder, once it is empty
        folder_delete(note.name.rpartition("/")[0])
    note.delete()
