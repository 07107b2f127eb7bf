"""Making a backup while the site runs.

Rows first, all as they were at one moment; then the files that they name, which are written before their rows are and
never change. What is erased during the backup must not live on in the archive: the chain of the audit, to which every
erasure appends, is held while that is checked and the backup recorded, and where something was erased all starts anew.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from django.utils import timezone

from audit.models import Action, AuditEntry, AuditHead
from audit.services import record
from audit.verification import current_head
from backup import archive, rows
from backup.archive import Manifest, Writer
from backup.contents import MadeRows, file_columns, models_kept
from backup.errors import BackupFailed, ErasedMeanwhile
from backup.names import Names
from backup.progress import Bars
from backup.served_model import model_files, served_version
from backup.snapshot import snapshot
from diagnosis.inference.artifacts import CURRENT
from operations.version import VERSION, commit

ATTEMPTS = 3
_ERASED = (Action.PATIENT_ERASED, Action.STUDY_ERASED)
_ROWS, _FILES = "rows", "files"


@dataclass(frozen=True)
class Backup:
    """An archive that was made, and what the storage had lost before."""

    path: Path
    sha256: str
    size: int
    rows: int
    files: int
    missing: list[str]


@dataclass(frozen=True)
class _Written:
    manifest: Manifest
    files: int
    missing: list[str]


def backup_make(*, target: Path, bars: Bars) -> Backup:
    """Write an archive to `target`, a new file, or into it where it is a folder. Only its owner can read it.

    Raises BackupFailed, OSError (no space left) and what the database raises, and then nothing is left behind.
    """
    path = _path(target)
    for _attempt in range(ATTEMPTS):
        try:
            return _made(path, bars)
        except ErasedMeanwhile:
            continue
    raise BackupFailed("Patients or studies were erased each time while the backup ran. Nothing was kept: try later.")


def _path(target: Path) -> Path:
    path = target / f"covidxray-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.tar" if target.is_dir() else target
    if path.exists() or path.is_symlink():
        raise BackupFailed(f"{path} exists already, and no backup overwrites anything.")
    if not path.parent.is_dir():
        raise BackupFailed(f"There is no folder {path.parent}.")
    return path


def _made(path: Path, bars: Bars) -> Backup:
    with tempfile.TemporaryDirectory(prefix=".covidxray-backup-", dir=path.parent) as folder:  # which only we enter
        aside = Path(folder)
        part = aside / "part"
        with part.open("xb") as file, Writer(file, aside) as writer:
            written = _write(writer, aside, bars)
            sha256, size = writer.finish()
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o600)
        backup = Backup(path, sha256, size, sum(written.manifest.rows.values()), written.files, written.missing)
        _record(backup, written.manifest.audit_sequence)
        os.rename(part, path)
    return backup


def _write(writer: Writer, aside: Path, bars: Bars) -> _Written:
    with Names(aside) as names:
        with snapshot():
            manifest = _manifest()
            writer.add_bytes(archive.MANIFEST, manifest.as_json())
            _add_tables(writer, manifest, names, aside, bars)
        bars.start(_FILES, len(names))
        missing = [name for name in names if not _add_file(writer, name, bars)]
        files = len(names) - len(missing)
    for path in model_files(settings.MODELS_DIR, manifest.model):
        folder = "" if path.name == CURRENT else f"{manifest.model}/"
        writer.add_bytes(f"{archive.MODEL}{folder}{path.name}", path.read_bytes())
    writer.add_bytes(archive.MISSING, json.dumps(missing).encode("ascii"))
    return _Written(manifest, files, missing)


def _manifest() -> Manifest:
    head = current_head()
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return Manifest(
        made=timezone.now().isoformat(timespec="seconds"),
        version=VERSION,
        commit=commit(),
        database=connection.vendor,
        migrations=applied,
        rows={model._meta.label_lower: model._base_manager.count() for model in models_kept()},
        model=served_version(settings.MODELS_DIR),
        audit_sequence=head.sequence,
        audit_hash=head.hash,
    )


def _add_tables(writer: Writer, manifest: Manifest, names: Names, aside: Path, bars: Bars) -> None:
    bars.start(_ROWS, sum(manifest.rows.values()))
    made = MadeRows()
    for model in models_kept():
        with tempfile.TemporaryFile(dir=aside) as packed:
            # Without a name and a time in it, the same rows make the same bytes.
            with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0, compresslevel=6) as lines:
                _add_rows(model, made, lines, names, bars)
            size = packed.tell()
            packed.seek(0)
            writer.add(f"{archive.DATABASE}{model._meta.label_lower}{archive.ROWS}", packed, size)


def _add_rows(model: type[Model], made: MadeRows, lines: rows.Lines, names: Names, bars: Bars) -> None:
    holding_files = file_columns(model)
    for values in rows.dump(model, made, lines):
        names.add(values[column] for column in holding_files)
        bars.step(_ROWS)


def _add_file(writer: Writer, name: str, bars: Bars) -> bool:
    """Whether the storage has it: it may have lost it, or have erased it with its study since."""
    if not archive.is_safe(name):
        raise BackupFailed(f"A row names the stored file {name!r}, which no upload is called. Nothing was kept.")
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        return False
    with file:
        writer.add(f"{archive.FILES}{name}", cast("IO[bytes]", file.file), file.size)
    bars.step(_FILES)
    return True


@transaction.atomic(durable=True)
def _record(backup: Backup, since: int) -> None:
    """Record it, unless something was erased since the rows were read; no erasure comes between these two."""
    AuditHead.locked()
    if AuditEntry.objects.filter(sequence__gt=since, action__in=_ERASED).exists():
        raise ErasedMeanwhile
    detail = {"sha256": backup.sha256, "bytes": backup.size, "rows": backup.rows, "files": backup.files}
    record(Action.BACKUP_MADE, actor=None, detail=detail)
