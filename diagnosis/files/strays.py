"""Orphaned files, which no row names: left by a process that was killed between writing them and the commit.

They are never shown, but they are patients' pictures. Only what is older than a day counts: an upload that is being
stored, or a restore, has its files before its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Manager, QuerySet
from django.utils import timezone

from diagnosis.files.folders import folder_delete
from diagnosis.models import Report, Study, UploadRecord

_OWNERS: dict[str, Manager[Any] | QuerySet[Any]] = {
    "radiographs": Study.objects,
    "reports": Report.objects,
    "refused": UploadRecord.objects.held(),
}
_AGE = timedelta(days=1)


def stray_folders() -> Iterator[str]:
    """Folders, older than a day, of studies, reports and refused uploads that have no row."""
    before = timezone.now() - _AGE
    for kind, owners in _OWNERS.items():
        for shelf in _folders(kind):
            stored = {name for name in _folders(f"{kind}/{shelf}") if _is_uuid(name)}
            known = {str(uuid) for uuid in owners.filter(uuid__in=stored).values_list("uuid", flat=True)}
            for name in sorted(stored - known):
                folder = f"{kind}/{shelf}/{name}"
                if default_storage.get_modified_time(folder) < before:
                    yield folder


def stray_folder_delete(folder: str) -> None:
    """Raises OSError where it cannot be deleted."""
    _, files = default_storage.listdir(folder)
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    folder_delete(folder)


def _folders(path: str) -> list[str]:
    try:
        return default_storage.listdir(path)[0]
    except FileNotFoundError:  # nothing was stored there yet; a bucket says so by an empty list
        return []


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
