"""What the directory of a TIFF promises: pages, elements, strips and tiles, compression and memory, before decoding.

Tags, types and compressions are those of TIFF 6.0 (Adobe, 1992) and its Technical Note 2.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.jpeg_segments import MAX_SCANNED, check_jpeg
from diagnosis.imaging.limits import MAX_SIDE, refuse_memory, refuse_oversize, refuse_parts, too_costly

MAX_ELEMENTS = 300
"""Of the directory. Radiographs have twenty, cameras a hundred."""
MAX_METADATA_BYTES = 4 * 1024**2
MAX_PIECES = 3 * MAX_SIDE
"""Strips or tiles: a row each, and each colour apart."""
MAX_SAMPLES = 5
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_NUMBERS = {1: "B", 3: "H", 4: "I"}
_COLUMNS, _ROWS, _BITS, _COMPRESSION, _SAMPLES, _ROWS_PER_STRIP = 256, 257, 258, 259, 277, 278
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _TILE_COLUMNS, _TILE_ROWS = 273, 279, 324, 325, 322, 323
_PLACES = {_STRIPS: _STRIP_BYTES, _TILES: _TILE_BYTES}
_PHOTOMETRIC, _WHITE_IS_ZERO, _BLACK_IS_ZERO = 262, 0, 1
_WORD, _MOST_COLOUR_BITS = 16, 8
_BYTES_OF_PIXEL = {1: 4, 2: 5, 3: 6}
"""By the bytes as they are stored; 9 of more."""
_NONE, _JPEG = 1, 7
_COMPRESSIONS = {_NONE, 2, 3, 4, 5, _JPEG, 8, 32773, 32946}
"""None, three of fax, LZW, JPEG, two names of deflate, PackBits."""


@dataclass(frozen=True)
class _Element:
    """One line of the directory: its values lie in the file from `position`."""

    kind: int
    number: int
    position: int


@dataclass(frozen=True)
class _Directory:
    content: bytes
    order: str
    elements: dict[int, _Element]

    def numbers(self, tag: int, default: int | None = None) -> tuple[int, ...]:
        """Its values. Raises ValueError where they are no whole numbers, or missing without a default."""
        if tag not in self.elements and default is not None:
            return (default,)
        element = self.elements.get(tag)
        if element is None or element.kind not in _NUMBERS or not element.number:
            raise ValueError(f"tag {tag}")
        return struct.unpack_from(
            f"{self.order}{element.number}{_NUMBERS[element.kind]}", self.content, element.position
        )

    def number(self, tag: int, default: int | None = None) -> int:
        return self.numbers(tag, default)[0]


def check_tiff(tiff: bytes) -> None:
    """Raise RadiographRejected for what would cost a decoder far more than a picture of its size should.

    Raises ValueError or struct.error where the directory is damaged.
    """
    directory = _directory(tiff)
    columns, rows = directory.number(_COLUMNS), directory.number(_ROWS)
    refuse_oversize(columns, rows)
    if directory.number(_SAMPLES, 1) > 1 and max(directory.numbers(_BITS, 1)) > _MOST_COLOUR_BITS:
        raise wrong_depth()  # Pillow reads half of the bits, or nonsense
    compression = directory.number(_COMPRESSION, _NONE)
    if compression not in _COMPRESSIONS:
        raise compressed_unusually("TIFF")
    sample_bytes = _sample_bytes(directory)
    pieces = _pieces(directory)
    _refuse_pieces(directory, pieces, columns, rows, sample_bytes)
    if compression == _NONE and sum(length for _, length in pieces) * 8 < columns * rows * _pixel_bits(directory):
        raise ValueError("fewer bytes than pixels")
    if compression == _JPEG:
        _refuse_scans(tiff, pieces)


def black_is_zero(tiff: bytes) -> tuple[bytes, bool]:
    """The checked file with black as zero, and whether that turns its grey levels around: it said white is zero.

    Only of 16 bits, which Pillow would not turn around itself, or not read at all.
    """
    directory = _directory(tiff)
    element = directory.elements.get(_PHOTOMETRIC)
    if element is None or directory.number(_PHOTOMETRIC) != _WHITE_IS_ZERO or directory.number(_BITS, 1) != _WORD:
        return tiff, False
    value = struct.pack(f"{directory.order}{_NUMBERS[element.kind]}", _BLACK_IS_ZERO)
    return tiff[: element.position] + value + tiff[element.position + len(value) :], True


def _directory(tiff: bytes) -> _Directory:
    """The first page's. Raises RadiographRejected where there are more pages, or far too many elements."""
    order = "<" if tiff.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    (number,) = struct.unpack_from(f"{order}H", tiff, start)
    refuse_parts(number, MAX_ELEMENTS)
    elements: dict[int, _Element] = {}
    for place in range(start + 2, start + 2 + 12 * number, 12):
        tag, kind, count, value = struct.unpack_from(f"{order}HHII", tiff, place)
        length = count * _TYPE_BYTES.get(kind, 1)
        position = place + 8 if length <= 4 else value
        if tag in elements or position + length > len(tiff):
            raise ValueError(f"tag {tag}")
        elements[tag] = _Element(kind, count, position)
    (following,) = struct.unpack_from(f"{order}I", tiff, start + 2 + 12 * number)
    if following:
        raise several_pictures()
    _refuse_lengths(elements)
    return _Directory(tiff, order, elements)


def _refuse_lengths(elements: dict[int, _Element]) -> None:
    pieces = {*_PLACES, *_PLACES.values()}
    lengths = {tag: each.number * _TYPE_BYTES.get(each.kind, 1) for tag, each in elements.items()}
    refuse_parts(sum(length for tag, length in lengths.items() if tag not in pieces), MAX_METADATA_BYTES)
    refuse_parts(max([0, *(elements[tag].number for tag in pieces & elements.keys())]), MAX_PIECES)
    if elements.get(_BITS, _Element(0, 0, 0)).number > MAX_SAMPLES:
        raise ValueError("bits of more samples than a picture has")


def _pixel_bits(directory: _Directory) -> int:
    samples, bits = directory.number(_SAMPLES, 1), directory.numbers(_BITS, 1)
    if not 0 < samples <= MAX_SAMPLES or not 0 < max(bits) <= 64:
        raise ValueError("samples that no picture has")
    return samples * max(bits)


def _sample_bytes(directory: _Directory) -> int:
    """Of a pixel, as it is stored when it is unpacked."""
    return -(-_pixel_bits(directory) // 8)


def _pieces(directory: _Directory) -> list[tuple[int, int]]:
    """Where each strip or tile begins, and its length."""
    found = [tag for tag in _PLACES if tag in directory.elements]
    if len(found) != 1:
        raise ValueError("strips or tiles")
    starts, lengths = directory.numbers(found[0]), directory.numbers(_PLACES[found[0]])
    if len(starts) != len(lengths):
        raise ValueError("strips without a length")
    return list(zip(starts, lengths, strict=True))


def _refuse_pieces(
    directory: _Directory, pieces: list[tuple[int, int]], columns: int, rows: int, sample_bytes: int
) -> None:
    """Refuse pieces that lie over each other, or that are far larger than the picture."""
    tile = directory.number(_TILE_COLUMNS, columns), directory.number(_TILE_ROWS, rows)
    refuse_oversize(*tile)
    piece_rows = min(directory.number(_ROWS_PER_STRIP, rows), rows) if _STRIPS in directory.elements else tile[1]
    refuse_memory(_bytes_at_peak(columns * rows, tile[0] * piece_rows, sample_bytes))
    end = max(start + length for start, length in pieces)
    if end > len(directory.content):
        raise ValueError("a strip behind the end")
    if any(start + length > following for (start, length), (following, _) in pairwise(sorted(pieces))):
        raise too_costly()


def _bytes_at_peak(pixels: int, piece_pixels: int, sample_bytes: int) -> int:
    """The picture as Pillow keeps it, a piece unpacked, and what becomes of it afterwards: measured."""
    return _BYTES_OF_PIXEL.get(sample_bytes, 9) * pixels + sample_bytes * piece_pixels


def _refuse_scans(tiff: bytes, pieces: Iterable[tuple[int, int]]) -> None:
    """Each piece is a JPEG of its own."""
    if sum(check_jpeg(tiff[start : start + length]) for start, length in pieces) > MAX_SCANNED:
        raise too_costly()


def wrong_depth() -> RadiographRejected:
    """The refusal of fractions, 32 bits, and colours of 16 bits."""
    return RadiographRejected(
        gettext_noop("The picture’s values are not of 8 or 16 bits of grey; export it as a grey PNG or as DICOM."),
        code="unknown-format",
    )


def several_pictures() -> RadiographRejected:
    """The refusal of a file that holds more than one picture."""
    return RadiographRejected(
        gettext_noop("The file holds several pictures or an animation; upload one still picture."),
        code="several-pictures",
    )


def compressed_unusually(kind: str) -> RadiographRejected:
    """The refusal of a picture whose compression is not read; `kind` is its format."""
    return RadiographRejected(
        gettext_noop("The %(format)s file is compressed in a way that is not read here; save it without compression."),
        code="compression",
        format=kind,
    )
