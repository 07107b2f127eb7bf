"""The files of a study: written together, and taken away again together when what follows fails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from diagnosis.models import Study


@contextmanager
def study_files(study: Study, *, original: bytes, display: bytes, thumbnail: bytes) -> Iterator[None]:
    """Write the files of `study` and name them in it; remove them all if writing, or the block, does not succeed.

    The names come from the study's UUID, never from the person's file name. A full disk leaves half a file behind, so
    the names are fixed before anything is written and all of them are removed.
    """
    folder = f"radiographs/{study.uuid.hex[:2]}/{study.uuid}"
    files = {"original": original, "display": display, "thumbnail": thumbnail}
    endings = {"original": "original", "display": "display.jpg", "thumbnail": "thumbnail.jpg"}
    names = {field: f"{folder}/{ending}" for field, ending in endings.items()}
    try:
        for field, content in files.items():
            setattr(study, field, default_storage.save(names[field], ContentFile(content)))
        yield
    except BaseException:
        for name in (*names.values(), folder):
            with suppress(OSError):
                default_storage.delete(name)
        raise
