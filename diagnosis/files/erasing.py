"""Deletes the files whose rows were erased: `FileToErase` names them until they are gone."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.core.files.storage import default_storage

from diagnosis.files.folders import folder_delete
from diagnosis.models import FileToErase

logger = logging.getLogger(__name__)


def files_erase() -> int:
    """Delete the files that are noted; how many could not be and stay noted."""
    return sum(not _file_erased(note) for note in FileToErase.objects.order_by("pk"))


def _file_erased(note: FileToErase) -> bool:
    try:
        default_storage.delete(note.name)
    except OSError:
        logger.exception("the file %s of something erased cannot be deleted", note.name)
        return False
    with suppress(OSError):  # the folder, once it is empty
        folder_delete(note.name.rpartition("/")[0])
    note.delete()
    return True
