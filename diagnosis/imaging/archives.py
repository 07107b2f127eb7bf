"""ZIP archives: one file after another out of the archive, within limits of number, size and ratio; none on the disk.

The folder of a patient's CD has a DICOMDIR, a viewer and its files: where there is a DICOMDIR, only DICOM files count.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.dicom_head import is_dicom
from diagnosis.imaging.limits import MAX_FILE_BYTES

MAX_MEMBERS = 50
MAX_LISTED = 2_000
"""Files of which the archive may have a list; a CD with its viewer has some hundreds."""
MAX_TOTAL_BYTES = 500 * 1024 * 1024
MAX_RATIO = 200
"""How many bytes one packed byte may become; radiographs reach 10, black pictures 100."""
_ALWAYS_ALLOWED = 2 * 1024 * 1024
_HEAD = 4096
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True)
class Member:
    """One file of an archive: its name without folders cut off, not read yet."""

    name: str
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def read(self) -> bytes:
        """Its bytes; raises RadiographRejected where they are too many, encrypted or damaged."""
        if self.info.flag_bits & 1:
            raise _refused(gettext_noop("The file in the ZIP is encrypted; pack it without a password."))
        try:
            with self.archive.open(self.info) as packed:
                content = packed.read(MAX_FILE_BYTES + 1)  # one byte too many is enough to be refused
        except _DAMAGE as error:
            raise _refused(gettext_noop("The file in the ZIP is damaged; pack it again.")) from error
        packed_bytes = max(self.info.compress_size, 1)
        if len(content) > _ALWAYS_ALLOWED and len(content) > MAX_RATIO * packed_bytes:
            raise _refused(gettext_noop("The file in the ZIP is built to fill the memory of a computer."))
        return content


def is_zip(first_bytes: bytes) -> bool:
    """Whether a file begins as a ZIP does, an empty one too."""
    return first_bytes.startswith((b"PK\3\4", b"PK\5\6"))


def members(file: BinaryIO) -> Iterator[Member]:
    """The files of a ZIP, in its order, to be read one after another while this goes on.

    Raises RadiographRejected, before the first one, where the archive is damaged, empty or holds too much.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise _refused(gettext_noop("The ZIP is damaged or incomplete; pack it again.")) from error
    with archive:
        listed = archive.infolist()
        if len(listed) > MAX_LISTED:
            raise _too_many(len(listed))
        found = [info for info in listed if _is_of_interest(info)]
        if any(_last_part(info.filename).upper() == "DICOMDIR" for info in listed):
            found = [info for info in found if _is_dicom_member(archive, info)]
        _refuse_amount(found)
        for info in found:
            yield Member(info.filename, archive, info)


def _refuse_amount(found: list[zipfile.ZipInfo]) -> None:
    if not found:
        raise _refused(gettext_noop("The ZIP holds no file that could be a radiograph."))
    if len(found) > MAX_MEMBERS:
        raise _too_many(len(found))
    if sum(min(info.file_size, MAX_FILE_BYTES + 1) for info in found) > MAX_TOTAL_BYTES:
        raise RadiographRejected(
            gettext_noop("The ZIP holds more than %(megabytes)d MB of files; upload them in several parts."),
            code="archive",
            megabytes=MAX_TOTAL_BYTES // 1024**2,
        )


def _is_of_interest(info: zipfile.ZipInfo) -> bool:
    """Not a folder, nor what systems add by themselves, nor the list of a DICOM folder."""
    parts = info.filename.replace("\\", "/").split("/")
    is_hidden = any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in parts)
    return not info.is_dir() and not is_hidden and parts[-1].upper() not in ("DICOMDIR", "THUMBS.DB", "DESKTOP.INI")


def _is_dicom_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(info) as packed:
            return is_dicom(packed.read(_HEAD))
    except _DAMAGE:
        return False


def _last_part(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _refused(sentence: str) -> RadiographRejected:
    return RadiographRejected(sentence, code="archive")


def _too_many(number: int) -> RadiographRejected:
    return RadiographRejected(
        gettext_noop("The ZIP holds %(number)d files; at most %(most)d can be uploaded in one."),
        code="archive",
        number=number,
        most=MAX_MEMBERS,
    )
