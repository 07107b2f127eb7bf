"""Whether an archive is whole and may be restored here. Nothing is changed by looking."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from backup import archive, rows
from backup.archive import Manifest, Member
from backup.contents import MadeRows, file_columns, models_kept, rows_of
from backup.errors import ArchiveRefused, RestoreRefused
from backup.names import Names
from backup.progress import Bars
from diagnosis.inference.artifacts import CURRENT

_CHECKED = "bytes checked"


@dataclass(frozen=True)
class Checked:
    """What an archive holds that was read from its first byte to its last."""

    manifest: Manifest
    stored_bytes: int
    """Of the files that come into the storage."""
    missing: list[str]


def check_prepared() -> None:
    """Raises RestoreRefused unless the database has this version's tables."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RestoreRefused("The database is not prepared: run manage.py migrate first, and then this again.")


def check_no_rows() -> None:
    """Raises RestoreRefused unless all tables that an archive fills are empty."""
    if holding := [model._meta.label for model in models_kept() if rows_of(model).exists()]:
        raise RestoreRefused(
            f"This installation is not empty: there are rows in {', '.join(holding)}. Nothing was changed; "
            "restore into a new database."
        )


def check_no_files() -> None:
    """Raises RestoreRefused where the storage holds a file, and StorageFault where that cannot be asked."""
    if settings.STORAGE_S3_BUCKET:
        if not default_storage.is_empty():  # type: ignore[attr-defined]
            place = f"{settings.STORAGE_S3_BUCKET}/{settings.STORAGE_S3_PREFIX}".rstrip("/")
            raise RestoreRefused(f"There are files in the bucket {place}. Nothing was changed; give an empty place.")
        return
    if any(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*")):
        raise RestoreRefused(f"There are files in {settings.MEDIA_ROOT}. Nothing was changed; give an empty folder.")


def check_archive(file: IO[bytes], bars: Bars) -> Checked:
    """Read the whole archive. Raises ArchiveRefused, also where another version made it."""
    with _damage_named(), tempfile.TemporaryDirectory() as folder, Names(Path(folder)) as named:
        bars.start(_CHECKED, os.fstat(file.fileno()).st_size)
        found = archive.members(file)
        first = next(found, None)
        if first is None or first.name != archive.MANIFEST:
            raise ArchiveRefused(archive.NO_ARCHIVE)
        manifest = Manifest.from_json(archive.read_all(first))
        check_version(manifest)
        return _Check(manifest, named, bars).rest(found)


@contextmanager
def _damage_named() -> Iterator[None]:
    """What damaged bytes raise, whatever reads them, is one error."""
    try:
        yield
    except (OSError, EOFError, tarfile.TarError, zlib.error, ValueError, KeyError, TypeError, ValidationError) as error:
        raise ArchiveRefused(archive.NOT_WHOLE.format(type(error).__name__)) from error


def check_version(manifest: Manifest) -> None:
    """Raises ArchiveRefused where its tables are not this program's."""
    loader = MigrationExecutor(connection).loader
    ours = {app: sorted(name for label, name in loader.disk_migrations if label == app) for app in _apps_kept()}
    theirs = {app: sorted(names) for app, names in manifest.migrations.items() if app in _apps_kept()}
    if ours != theirs or set(manifest.rows) != {model._meta.label_lower for model in models_kept()}:
        commit = f" (commit {manifest.commit[:12]})" if manifest.commit else ""
        raise ArchiveRefused(
            f"This archive was made by covidxray {manifest.version}{commit}, whose tables are not this version's. "
            "Nothing was changed: restore it with that version, and update afterwards."
        )


def _apps_kept() -> set[str]:
    return {model._meta.app_label for model in models_kept()}


class _Check:
    """Goes through the members after the first."""

    def __init__(self, manifest: Manifest, named: Names, bars: Bars) -> None:
        self.manifest, self.named, self.bars = manifest, named, bars
        self.made = MadeRows()
        self.tables = {f"{archive.DATABASE}{model._meta.label_lower}{archive.ROWS}": model for model in models_kept()}
        self.stored_bytes = 0
        self.missing: list[str] = []

    def rest(self, found: Iterator[Member]) -> Checked:
        for member in found:
            self._one(member)
            self.bars.step(_CHECKED, member.size)
        self.bars.finish(_CHECKED)
        if self.tables or len(self.named):
            raise ArchiveRefused(archive.NOT_WHOLE.format("tables or files are missing"))
        return Checked(self.manifest, self.stored_bytes, self.missing)

    def _one(self, member: Member) -> None:
        if member.name.startswith(archive.FILES):
            self._file(member)
        elif model := self.tables.pop(member.name, None):
            self._table(model, member)
        elif member.name == archive.MISSING:
            self.missing = archive.names_missing(archive.read_all(member))
            for name in self.missing:
                self.named.take(name)
        elif not self._is_of_model(member.name):
            raise ArchiveRefused(f"The archive holds {member.name}, which no backup does. Nothing was changed.")

    def _table(self, model: type[Model], member: Member) -> None:
        holding_files = file_columns(model)
        number = 0
        with gzip.GzipFile(fileobj=member.content, mode="rb") as lines:
            for values in rows.read(model, lines):
                rows.decoded(model, values, self.made)
                self._name([values[column] for column in holding_files])
                number += 1
        if number != self.manifest.rows[model._meta.label_lower]:
            raise ArchiveRefused(archive.NOT_WHOLE.format(f"{member.name} has other rows than it should"))

    def _name(self, names: list[str]) -> None:
        if unsafe := [name for name in names if name and not archive.is_safe(name)]:
            raise ArchiveRefused(f"A row of the archive names the file {unsafe[0]!r}, which no backup does.")
        self.named.add(names)

    def _file(self, member: Member) -> None:
        name = member.name.removeprefix(archive.FILES)
        if not self.named.take(name):
            raise ArchiveRefused(f"No row of the archive names its file {name}. Nothing was changed.")
        self.stored_bytes += member.size

    def _is_of_model(self, name: str) -> bool:
        folder = f"{archive.MODEL}{self.manifest.model}/"
        return name == f"{archive.MODEL}{CURRENT}" or (name.startswith(folder) and "/" not in name[len(folder) :])
