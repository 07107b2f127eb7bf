"""ZIP archives: one file after another out of the archive, within limits of number, size and ratio; none on the disk.

The folder of a patient's CD has a DICOMDIR, a viewer and its files: where there is a DICOMDIR, only DICOM files count.
"""

import struct
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
BYTES_PER_LISTED = 512
"""Of the list itself, on average: a list that is longer would take ten times its length of memory."""
MAX_RATIO = 200
"""How many bytes one packed byte may become; radiographs reach 10, black pictures 100."""
_ALWAYS_ALLOWED = 2 * 1024 * 1024
_HEAD = 4096
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold; of an upload, unless it says otherwise."""

    members: int = MAX_MEMBERS
    listed: int = MAX_LISTED
    total_bytes: int = MAX_TOTAL_BYTES


OF_AN_UPLOAD = Limits()


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


def members(file: BinaryIO, limits: Limits | None = None) -> Iterator[Member]:
    """The files of a ZIP, in its order, to be read one after another while this goes on.

    Raises RadiographRejected, before the first one, where the archive is damaged, empty or holds too much.
    """
    limits = limits or OF_AN_UPLOAD
    with opened(file, limits) as archive:
        listed = archive.infolist()
        if len(listed) > limits.listed:
            raise _too_many(len(listed), limits)
        found = [info for info in listed if _is_of_interest(info)]
        if any(_last_part(info.filename).upper() == "DICOMDIR" for info in listed):
            found = [info for info in found if _is_dicom_member(archive, info)]
        _refuse_amount(found, limits)
        for info in found:
            yield Member(info.filename, archive, info)


def opened(file: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """The archive with its list read. Raises RadiographRejected where it is damaged or its list is too long."""
    try:
        if _list_bytes(file) > max(limits.listed * BYTES_PER_LISTED, _ALWAYS_ALLOWED):
            raise _too_many(limits.listed + 1, limits)
        return zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise _refused(gettext_noop("The ZIP is damaged or incomplete; pack it again.")) from error


_END, _END_64 = b"PK\5\6", b"PK\6\6"
_END_BYTES, _END_64_BYTES = 22, 56
_LONGEST_COMMENT = 65_535
_BEFORE_END = 4096


def _list_bytes(file: BinaryIO) -> int:
    """How long the list claims to be, by whichever of its end records says more. `zipfile` reads all of it at once."""
    size = file.seek(0, 2)
    file.seek(max(size - _END_BYTES - _LONGEST_COMMENT - _BEFORE_END, 0))
    tail = file.read()
    file.seek(0)
    ends = {len(tail) - _END_BYTES, tail.rfind(_END)}  # zipfile takes one of these two
    return max((_claimed(tail, end) for end in ends if end >= 0 and tail.startswith(_END, end)), default=0)


def _claimed(tail: bytes, end: int) -> int:
    if end + _END_BYTES > len(tail):
        return 0
    claimed = [int(struct.unpack_from("<L", tail, end + 12)[0])]
    before = tail.rfind(_END_64, max(end - _BEFORE_END, 0), end)
    if before >= 0 and before + _END_64_BYTES <= len(tail):  # a list of more than 4 GB has another record besides
        claimed = [size for size in claimed if size != 0xFFFF_FFFF]
        claimed.append(int(struct.unpack_from("<Q", tail, before + 40)[0]))
    return max(claimed)


def _refuse_amount(found: list[zipfile.ZipInfo], limits: Limits) -> None:
    if not found:
        raise _refused(gettext_noop("The ZIP holds no file that could be a radiograph."))
    if len(found) > limits.members:
        raise _too_many(len(found), limits)
    if sum(min(info.file_size, MAX_FILE_BYTES + 1) for info in found) > limits.total_bytes:
        raise RadiographRejected(
            gettext_noop("The ZIP holds more than %(megabytes)d MB of files; upload them in several parts."),
            code="archive",
            megabytes=limits.total_bytes // 1024**2,
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


def _too_many(number: int, limits: Limits) -> RadiographRejected:
    return RadiographRejected(
        gettext_noop("The ZIP holds %(number)d files; at most %(most)d can be uploaded in one."),
        code="archive",
        number=number,
        most=limits.members,
    )
