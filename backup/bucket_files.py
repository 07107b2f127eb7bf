"""Files of an archive straight into the bucket (S3) of a restored installation: the disk needs no room for them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from backup import archive
from backup.archive import Member


class BucketFiles:
    """Remembers on the disk what it wrote, so that it can be taken back."""

    def __init__(self, aside: Path) -> None:
        self._names = (aside / "files-in-bucket").open("w+", encoding="ascii")

    def take(self, member: Member) -> bool:
        """Whether it is a stored file: then it is in the bucket now. Raises StorageFault."""
        if not member.name.startswith(archive.FILES):
            return False
        name = member.name.removeprefix(archive.FILES)
        self._names.write(f"{name}\n")
        default_storage.save(name, ContentFile(member.content.read()))
        return True

    def take_back(self) -> None:
        self._names.seek(0)
        for line in self._names:
            with suppress(OSError):
                default_storage.delete(line.strip())

    def close(self) -> None:
        self._names.close()
