"""Stores files with the rows that name them; on a rollback of the transaction the files are deleted too."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from diagnosis.files.folders import folder_delete
from diagnosis.models import Study


@contextmanager
def files_and_rows(folder: str, files: Mapping[str, bytes], rows: QuerySet[Any]) -> Iterator[dict[str, str]]:
    """Write `files` (last part of the name → content), then run the block, which is to write `rows`, in a transaction.

    Gives the names under which they are stored. If anything fails, all of them are removed: a full disk leaves half a
    file behind, so the names are fixed before anything is written. The files enclose the transaction, because its last
    step, the commit, may fail too. It may also have succeeded, and only its answer was lost; so rows that were to be
    committed are looked for first. Where that cannot be told, the files stay, and `purge_expired` looks again.
    """
    names = {ending: f"{folder}/{ending}" for ending in files}
    is_at_commit = False
    try:
        stored = {ending: default_storage.save(names[ending], ContentFile(files[ending])) for ending in files}
        with transaction.atomic():
            yield stored
            is_at_commit = True
    except BaseException:
        if not (is_at_commit and _may_be_stored(rows)):
            for name in names.values():
                with suppress(OSError):
                    default_storage.delete(name)
            with suppress(OSError):
                folder_delete(folder)
        raise


def _may_be_stored(rows: QuerySet[Any]) -> bool:
    try:
        return rows.exists()
    except DatabaseError:
        return True


@contextmanager
def study_files(
    study: Study, *, original: bytes, display: bytes, thumbnail: bytes, full: bytes | None = None
) -> Iterator[None]:
    """Write the files of `study`, name them in it, and run the block, which saves it, in a transaction.

    `full` is the copy with all pixels, where `display` has fewer. The names come from the study's UUID, never from the
    person's file name.
    """
    folder = f"radiographs/{study.uuid.hex[:2]}/{study.uuid}"
    files = {"original": original, "display.jpg": display, "thumbnail.jpg": thumbnail}
    if full:
        files["full.jpg"] = full
    with files_and_rows(folder, files, Study.objects.filter(uuid=study.uuid)) as stored:
        for ending, name in stored.items():
            getattr(study, ending.removesuffix(".jpg")).name = name
        yield
