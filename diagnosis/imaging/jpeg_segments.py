"""What the marker segments of a JPEG promise: scans, segments, metadata and memory, before a decoder reads them.

Decoders pass over bytes between segments and read on behind a damaged scan, and so does this: it sees every segment
that a decoder could see. The kinds of segments are those of ITU-T T.81, table B.1.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.limits import refuse_memory, refuse_oversize, refuse_parts

MAX_SEGMENTS = 1000
"""Real files have ten to fifty; a colour profile in pieces, or 15 MB of metadata, some hundreds."""
MAX_METADATA_BYTES = 8 * 1024**2
MAX_PADDING_BYTES = 4096
"""Fill bytes and remains between segments: Pillow reads them one by one."""
MAX_SCANS = 100
MAX_SCANNED = 640_000_000
"""Pixels x components of all scans: a scan of 65 bytes costs 80 ms at 40 megapixels. A progressive JPEG has about ten
scans, in which each component comes four to five times."""

FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
START_OF_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_METADATA = {*range(0xE0, 0xF0), 0xFE}
_MARKER_IN_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
MARKER_IN_JPEG_LS = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")
"""JPEG-LS puts a bit and not a byte behind 0xFF (ITU-T T.87 A.1)."""
_BYTES_OF_PIXEL = {1: 5, 2: 8, 3: 8, 4: 12}
"""By components, at the peak."""
_KEPT_BYTES_OF_PIXEL = {1: 1, 2: 4, 3: 4, 4: 4}
"""As Pillow keeps them, next to the coefficients of all scans."""


@dataclass(frozen=True)
class Segment:
    """One marker segment: where its marker is, and its content without the length."""

    marker: int
    position: int
    body: memoryview


def check_jpeg(jpeg: bytes) -> int:
    """Raise RadiographRejected for what would cost a decoder far more than a picture of its size should.

    Returns pixels x components of all scans. Raises ValueError or struct.error where the segments are damaged.
    """
    frame, scans, metadata = None, [], 0
    for number, segment in enumerate(segments(jpeg), 1):
        refuse_parts(number, MAX_SEGMENTS)
        if segment.marker in FRAMES:
            if frame is not None:
                raise ValueError("several frames")
            frame = segment
        elif segment.marker == START_OF_SCAN:
            scans.append(segment.body[0])
            _refuse_scans(frame, scans)
        elif segment.marker in _METADATA:
            metadata += len(segment.body)
            refuse_parts(metadata, MAX_METADATA_BYTES)
    if frame is None:
        return 0
    _refuse_frame(frame, scans)
    _, rows, columns, _ = _size(frame)
    return rows * columns * sum(scans)


def segments(jpeg: bytes, in_scan: re.Pattern[bytes] = _MARKER_IN_SCAN) -> Iterator[Segment]:
    """The marker segments up to the end of the picture, passing over what stands between them and over scans."""
    content, position, padding = memoryview(jpeg), 2, 0
    while 0 <= position < len(jpeg) - 1:
        start = jpeg.find(b"\xff", position)
        marker = jpeg[start + 1] if 0 <= start < len(jpeg) - 1 else _END
        if marker == _END:
            return
        padding += start - position
        if marker in (0x00, 0xFF):
            padding, position = padding + 1, start + 1
            refuse_parts(padding, MAX_PADDING_BYTES)
            continue
        refuse_parts(padding, MAX_PADDING_BYTES)
        length = 0
        if marker not in _WITHOUT_LENGTH:
            (length,) = struct.unpack_from(">H", jpeg, start + 2)
            if length < 2:
                raise ValueError("a segment shorter than its length")
        yield Segment(marker, start, content[start + 4 : start + 2 + length])
        position = start + 2 + length
        if marker == START_OF_SCAN:
            found = in_scan.search(jpeg, position)
            position = found.start() if found else -1


def _refuse_scans(frame: Segment | None, scans: list[int]) -> None:
    """`scans`: how many components each scan has that was met so far."""
    _, rows, columns, _ = _size(frame)
    if len(scans) > MAX_SCANS or rows * columns * sum(scans) > MAX_SCANNED:
        raise RadiographRejected(
            gettext_noop("The JPEG is built to overload a computer; export it again."), code="many-scans"
        )


def _refuse_frame(frame: Segment, scans: list[int]) -> None:
    """Refuse the picture for its size, or for the memory that it and its coefficients take.

    A decoder keeps all coefficients, of two bytes, where one scan does not give the whole of a pixel.
    """
    _, rows, columns, components = _size(frame)
    refuse_oversize(columns, rows)
    pixels = rows * columns
    if components not in _BYTES_OF_PIXEL:
        raise ValueError("components that no picture has")
    refuse_memory(pixels * _BYTES_OF_PIXEL[components])
    if frame.marker in _PROGRESSIVE or len(scans) > 1:
        sampling = [(factors >> 4) * (factors & 15) for factors in frame.body[7 : 6 + 3 * components : 3]]
        coefficients = 2 * pixels * sum(sampling) // max([1, *sampling])
        refuse_memory(pixels * _KEPT_BYTES_OF_PIXEL[components] + coefficients)


def _size(frame: Segment | None) -> tuple[int, int, int, int]:
    """Bits, rows, columns and components (T.81 B.2.2)."""
    if frame is None:
        raise ValueError("a scan before the frame")
    bits, rows, columns, components = struct.unpack_from(">BHHB", frame.body)
    return bits, rows, columns, components
