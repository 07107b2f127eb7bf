"""Where the data set of a DICOM file begins and how it is encoded: preamble, file meta information, or neither."""

import struct
from dataclasses import dataclass
from io import BytesIO

from pydicom import uid
from pydicom.filereader import read_dataset

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.dicom_limits import EndOfMeta

_MARK = b"DICM"
_PREAMBLE = 128
_VRS = {b"UI", b"CS", b"UL", b"DA", b"TM", b"LO", b"SH", b"PN", b"SQ", b"IS", b"DS", b"DT", b"OB", b"UN", b"ST", b"LT"}
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"PK\3\4",
    b"%!PS",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x89PNG",
)
_ACTIVE = (b"%pdf-", b"<html", b"<script", b"<svg", b"<?", b"<!doctype")


@dataclass(frozen=True)
class DicomHead:
    """What comes before the data set."""

    start: int
    """Where the data set begins, in bytes."""
    transfer_syntax: uid.UID | None
    """None where no file meta information says it; then the encoding is what the first element looks like."""
    is_implicit: bool
    is_little_endian: bool


def is_dicom(content: bytes) -> bool:
    """Say whether the bytes carry DICOM's mark behind its 128-byte preamble, or begin as a data set without it does."""
    return content[_PREAMBLE : _PREAMBLE + 4] == _MARK or content[:4] == _MARK or _encoding_at(content, 0) is not None


def dicom_head(content: bytes) -> DicomHead:
    """Find the data set; raises RadiographRejected for a program in the preamble, ValueError where nothing fits."""
    position = 0
    if content[_PREAMBLE : _PREAMBLE + 4] == _MARK:
        _refuse_program(content[:_PREAMBLE])
        position = _PREAMBLE + 4
    elif content[:4] == _MARK:
        position = 4
    syntax, position = _file_meta(content, position)
    if syntax:
        is_known = syntax.is_transfer_syntax  # the reader refuses others, by name
        return DicomHead(position, syntax, is_known and syntax.is_implicit_VR, not is_known or syntax.is_little_endian)
    encoding = _encoding_at(content, position)
    if encoding is None:
        raise ValueError("no data set")
    return DicomHead(position, None, *encoding)


def _file_meta(content: bytes, position: int) -> tuple[uid.UID | None, int]:
    """The transfer syntax of the group 0002, and where the group ends; it is always explicit and little-endian."""
    if content[position : position + 2] != b"\2\0":
        return None, position
    stream = BytesIO(content)
    stream.seek(position)
    meta = read_dataset(stream, False, True, stop_when=EndOfMeta())
    syntax = str(meta.get("TransferSyntaxUID") or "").strip(" \0")
    return (uid.UID(syntax) if syntax else None), stream.tell()


def _encoding_at(content: bytes, position: int) -> tuple[bool, bool] | None:
    """(implicit, little-endian) of a data set that begins here with group 0008 (or 0002); None where none does."""
    first = content[position : position + 8]
    if len(first) < 8:
        return None
    for order in "<>":
        group, element = struct.unpack(order + "2H", first[:4])
        if group not in (2, 8) or element > 0x0100:
            continue
        if first[4:6] in _VRS:
            return False, order == "<"
        (length,) = struct.unpack("<L", first[4:])
        if order == "<" and group == 8 and length % 2 == 0 and length <= 1024:
            return True, True
    return None


def _refuse_program(preamble: bytes) -> None:
    """The preamble may hold anything (PS3.10 7.1), vendors write their names into it; but no program or document."""
    if preamble.startswith(_PROGRAMS) or any(mark in preamble.lower() for mark in _ACTIVE):
        raise RadiographRejected(
            gettext_noop("The DICOM file begins as a program or another document does; export it again."),
            code="dicom-preamble",
        )
