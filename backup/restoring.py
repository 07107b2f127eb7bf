"""Filling an empty installation from an archive.

The whole archive is read and checked before anything is written. Then its files are written into a folder aside, under
the storage, and checked again; rows go in within one transaction, and the files get their places in it, before it
commits. What fails on the way is undone: the installation is filled or empty. A bucket (S3) gets its files at once,
where others have them in the folder aside.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.management.color import no_style
from django.db import DataError, IntegrityError, connection, transaction

from audit.models import Action, AuditHead
from audit.services import record
from backup import archive, rows
from backup.archive import Manifest, Member
from backup.bucket_files import BucketFiles
from backup.checking import Checked, check_archive, check_no_files, check_no_rows, check_prepared
from backup.contents import MadeRows, models_kept
from backup.errors import ArchiveRefused, RestoreRefused
from backup.progress import Bars
from diagnosis.inference.artifacts import CURRENT, file_sha256, new_version

SPARE_BYTES = 64 * 1024**2
_WRITTEN, _ROWS = "files written", "rows written"


@dataclass(frozen=True)
class Restored:
    """What was restored."""

    manifest: Manifest
    rows: int
    missing: list[str]


def restore(*, path: Path, bars: Bars) -> Restored:
    """Fill this installation from the archive. No one else may use it until the end.

    Raises RestoreRefused, ArchiveRefused, OSError and what the database raises, and then it is as empty as before.
    """
    check_prepared()
    check_no_rows()
    check_no_files()
    with archive.open_archive(path) as file:
        checked = check_archive(file, bars)
        _check_space(checked)
        with _staged(file, bars) as aside:
            _check_model(aside, checked.manifest)
            number = _fill(aside, checked, file_sha256(path), bars)
    return Restored(checked.manifest, number, checked.missing)


def _check_space(checked: Checked) -> None:
    media = Path(settings.MEDIA_ROOT)
    media.mkdir(parents=True, exist_ok=True, mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)
    needed = 0 if settings.STORAGE_S3_BUCKET else checked.stored_bytes
    if shutil.disk_usage(media).free < needed + SPARE_BYTES:
        raise RestoreRefused(f"{media} has too little space for {needed:,} bytes. Nothing was changed.")


@contextmanager
def _staged(file: IO[bytes], bars: Bars) -> Iterator[Path]:
    """Every member as a file in a folder aside, which only its owner enters; what is left in it goes in the end."""
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.MEDIA_ROOT) as folder, ExitStack() as undo:
        aside = Path(folder)
        bucket = _bucket_of(aside, undo) if settings.STORAGE_S3_BUCKET else None
        bars.start(_WRITTEN, os.fstat(file.fileno()).st_size)
        for member in archive.members(file):
            if not (bucket and bucket.take(member)):
                _write_aside(aside, member)
            bars.step(_WRITTEN, member.size)
        bars.finish(_WRITTEN)
        yield aside
        undo.pop_all()
        if bucket:
            bucket.close()


def _bucket_of(aside: Path, undo: ExitStack) -> BucketFiles:
    bucket = BucketFiles(aside)
    undo.callback(bucket.close)
    undo.callback(bucket.take_back)
    return bucket


def _write_aside(aside: Path, member: Member) -> None:
    place = aside / member.name
    _make_folders(place.parent, aside)
    with place.open("xb") as copy:
        shutil.copyfileobj(member.content, copy, 1024**2)
    place.chmod(settings.FILE_UPLOAD_PERMISSIONS)


def _make_folders(folder: Path, aside: Path) -> None:
    """As the storage makes them, each with the mode of the settings."""
    if folder != aside and not folder.is_dir():
        _make_folders(folder.parent, aside)
        folder.mkdir()
        folder.chmod(settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)


def _check_model(aside: Path, manifest: Manifest) -> None:
    """A version never changes: one of that name that is here must be that one."""
    here = settings.MODELS_DIR / manifest.model
    theirs = aside / archive.MODEL / manifest.model
    if not manifest.model or not here.is_dir():
        return
    for file in theirs.iterdir():
        if not (here / file.name).is_file() or file_sha256(here / file.name) != file_sha256(file):
            raise RestoreRefused(
                f"The model {manifest.model} is here already with another {file.name}. Nothing was changed; "
                f"move {here} away first."
            )


def _fill(aside: Path, checked: Checked, sha256: str, bars: Bars) -> int:
    """All or nothing; the number of rows."""
    with ExitStack() as undo:
        with transaction.atomic(durable=True):
            check_no_rows()
            AuditHead.objects.all().delete()  # that of an empty log: see contents.rows_of
            number = _load(aside, checked.manifest, bars)
            _place_model(aside, checked.manifest, undo)
            _place_files(aside, undo)
            record(Action.BACKUP_RESTORED, actor=None, detail={"sha256": sha256, "made": checked.manifest.made})
        undo.pop_all()
    return number


def _load(aside: Path, manifest: Manifest, bars: Bars) -> int:
    """Insert the rows of every table; all that they point to is there only with the last."""
    bars.start(_ROWS, sum(manifest.rows.values()))
    made = MadeRows()
    try:
        with connection.constraint_checks_disabled():
            for model in models_kept():
                with gzip.open(aside / f"{archive.DATABASE}{model._meta.label_lower}{archive.ROWS}", "rb") as lines:
                    bars.step(_ROWS, rows.load(model, lines, made))
        connection.check_constraints(table_names=[model._meta.db_table for model in models_kept()])
    except (IntegrityError, DataError) as error:
        raise ArchiveRefused("The rows of this archive contradict each other. Nothing was changed.") from error
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models_kept()):
            cursor.execute(statement)
    return sum(manifest.rows.values())


def _place_model(aside: Path, manifest: Manifest, undo: ExitStack) -> None:
    """The served version, where it is not here, and current.json, where it names another."""
    if not manifest.model:
        return
    if not (settings.MODELS_DIR / manifest.model).is_dir():
        with new_version(settings.MODELS_DIR, manifest.model) as folder:
            for file in (aside / archive.MODEL / manifest.model).iterdir():
                shutil.copyfile(file, folder / file.name)
        undo.callback(shutil.rmtree, settings.MODELS_DIR / manifest.model)
    current, theirs = settings.MODELS_DIR / CURRENT, (aside / archive.MODEL / CURRENT).read_bytes()
    before = current.read_bytes() if current.exists() else None
    if before != theirs:
        _write(current, theirs)
        undo.callback(current.unlink) if before is None else undo.callback(_write, current, before)


def _write(path: Path, content: bytes) -> None:
    """Written under another name and renamed, so that no reader sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def _place_files(aside: Path, undo: ExitStack) -> None:
    """A rename of each folder, when all of them are on the disk."""
    os.sync()
    for folder in (aside / archive.FILES).glob("*"):
        place = Path(settings.MEDIA_ROOT) / folder.name
        os.rename(folder, place)
        undo.callback(shutil.rmtree, place)
