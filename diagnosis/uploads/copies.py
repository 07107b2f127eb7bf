"""The copies of a radiograph that pages show: made with its study, and anew where it is turned after it was stored."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from django.db import IntegrityError

from audit.services import held_back
from diagnosis.files.erasing import files_erase
from diagnosis.files.storing import files_and_rows
from diagnosis.imaging.rendering import display_jpeg, full_jpeg, shown_size, thumbnail_jpeg
from diagnosis.models import FileToErase, Study
from diagnosis.models.locking import locked
from diagnosis.uploads.upload import Upload

_COPIES = ("display", "thumbnail", "full")


def copies_of(pixels: np.ndarray) -> dict[str, bytes]:
    """JPEGs by the name of the column that names them; `full` only where `display` has fewer pixels."""
    height, width = pixels.shape
    copies = {"display": display_jpeg(pixels), "thumbnail": thumbnail_jpeg(pixels)}
    if shown_size(width, height) != (width, height):
        copies["full"] = full_jpeg(pixels)
    return copies


@contextmanager
def redrawn(upload: Upload, known: Study) -> Iterator[Study]:
    """A study without an answer whose picture is turned or inverted now: locked, with other copies.

    Raises IntegrityError where it got an answer at this moment: that answer is of the copies that are there.
    """
    folder, mark = str(known.display.name).rpartition("/")[0], secrets.token_hex(4)
    files = {f"{name}-{mark}.jpg": content for name, content in copies_of(upload.radiograph.pixels).items()}
    rows = Study.objects.filter(pk=known.pk, display=f"{folder}/display-{mark}.jpg")
    with files_and_rows(folder, files, rows) as stored, held_back():
        study = locked(known)
        if study.unanswered is None:
            raise IntegrityError("the study got an answer in the meantime")
        names = {column: stored.get(f"{column}-{mark}.jpg", "") for column in _COPIES}
        _replace(study, names, upload)
        yield study
    files_erase()


def _replace(study: Study, names: dict[str, str], upload: Upload) -> None:
    old = [getattr(study, column).name for column in _COPIES]
    FileToErase.objects.bulk_create(FileToErase(name=name) for name in old if name)
    for column, name in names.items():
        getattr(study, column).name = name
    study.height, study.width = upload.radiograph.pixels.shape
    study.pixels_sha256, study.correction = upload.radiograph.pixels_sha256, upload.entered.correction
    study.save(update_fields=[*names, "height", "width", "pixels_sha256", "correction"])
