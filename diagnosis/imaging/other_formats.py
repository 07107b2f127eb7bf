"""TIFF, BMP and WebP: single pictures, read by Pillow; and what to do with HEIC, PDF, NIfTI, GIF and packed files."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from operator import methodcaller

import numpy as np
from PIL import Image

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.bmp_webp_parts import check_bmp, check_webp
from diagnosis.imaging.grey import GreyPicture, grey_picture, read_only
from diagnosis.imaging.limits import refuse_memory, refuse_oversize
from diagnosis.imaging.own_outputs import refuse_own_output
from diagnosis.imaging.tiff_parts import black_is_zero, check_tiff, several_pictures, wrong_depth

_CHECKS: dict[str, Callable[[bytes], None]] = {"TIFF": check_tiff, "BMP": check_bmp, "WEBP": check_webp}

_TIFF_MARKS = (b"II*\0", b"MM\0*")
_MOST_VALUES = 1 << 16
_GREY_MODES = ("1", "L", "I;16", "I;16B")
_BYTES_OF_GREY, _BYTES_OF_COLOUR = 6, 10
"""Of a pixel, at the peak."""
_HIGH_EFFICIENCY = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_EXPORT = gettext_noop("This is a %(kind)s file, which is not read here. Export the radiograph as DICOM or PNG.")
_UNPACK = gettext_noop("This is a packed file (%(kind)s). Unpack it, or pack it as ZIP, then upload it.")

_WITHIN = gettext_noop(
    "This ZIP archive is in a folder or in another archive, where none is opened. Unpack it there, or upload it alone."
)

_PACKED = {"ZIP": b"PK\3\4", "gzip": b"\x1f\x8b", "7z": b"7z\xbc\xaf", "RAR": b"Rar!", "bzip2": b"BZh"}
_PACKED |= {"xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd"}
_TAR = "tar"
_OTHER_KINDS: dict[str, Callable[[bytes], bool]] = {
    "HEIC": lambda content: content[4:8] == b"ftyp" and content[8:12] in _HIGH_EFFICIENCY,
    "AVIF": lambda content: content[4:12] in (b"ftypavif", b"ftypavis"),
    "BigTIFF": lambda content: content.startswith((b"II+\0", b"MM\0+")),
    "JPEG XL": lambda content: content.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    "PDF": lambda content: b"%PDF-" in content[:1024],
    "NIfTI": lambda content: content[344:347] in (b"n+1", b"ni1") or content[4:7] in (b"n+2", b"ni2"),
    "GIF": lambda content: content.startswith(b"GIF8"),
    "JPEG 2000": lambda content: content.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    **{kind: methodcaller("startswith", mark) for kind, mark in _PACKED.items()},
    _TAR: lambda content: content[257:262] == b"ustar",
}


def pillow_format(content: bytes) -> str | None:
    """Say whether the file begins as a TIFF, BMP or WEBP does, and which."""
    if content.startswith(_TIFF_MARKS):
        return "TIFF"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return "BMP" if content[:2] == b"BM" and content[6:10] == bytes(4) else None


def read_other(content: bytes, kind: str) -> GreyPicture:
    """Decode a TIFF, BMP or WebP of one page; raise RadiographRejected for its size, several pages or its depth."""
    _CHECKS[kind](content)
    content, is_inverted = black_is_zero(content) if kind == "TIFF" else (content, False)
    with Image.open(BytesIO(content), formats=(kind,)) as image:
        refuse_oversize(*image.size)
        refuse_memory(image.width * image.height * (_BYTES_OF_GREY if image.mode in _GREY_MODES else _BYTES_OF_COLOUR))
        if getattr(image, "n_frames", 1) > 1:
            raise several_pictures()
        _refuse_depth(image)
        image.load()
        refuse_own_output(image)
        _refuse_range(image)
        picture = grey_picture(image)
    return replace(picture, pixels=read_only(255 - picture.pixels)) if is_inverted else picture


def _refuse_depth(image: Image.Image) -> None:
    """Refuse fractions, and colours of 16 bits, of which Pillow would keep half of the bits."""
    tiles = getattr(image, "tile", [])
    raw = tiles[0][3] if tiles else ""
    mode = str(raw[0] if isinstance(raw, tuple) else raw)
    if image.mode.startswith("F") or (";16" in mode and not image.mode.startswith("I")):
        raise wrong_depth()


def _refuse_range(image: Image.Image) -> None:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if int(values.max()) - int(values.min()) >= _MOST_VALUES:
            raise wrong_depth()


def unknown_format(content: bytes) -> RadiographRejected:
    """The refusal of a file of none of the kinds that are read, with what to do where the kind is known."""
    for kind, is_kind in _OTHER_KINDS.items():
        if is_kind(content):
            sentence = _WITHIN if kind == "ZIP" else _UNPACK if kind in (*_PACKED, _TAR) else _EXPORT
            return RadiographRejected(sentence, code="unknown-format", kind=kind)
    return RadiographRejected(
        gettext_noop(
            "The file is not a JPEG, PNG or DICOM picture (and no TIFF, BMP or WebP), whatever its name says."
        ),
        code="unknown-format",
    )
