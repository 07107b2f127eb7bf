"""What the compressed data inside a DICOM file say about themselves, checked before a decoder allocates anything.

The size in the DICOM header is only a claim: decoders believe the codestream. So the codestream must be of the declared
process, give the declared size, be within reach of it in length, and have an end.
"""

import struct
from dataclasses import dataclass

from pydicom import uid

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.limits import refuse_many_scans

_JPEG_FRAMES = {
    uid.JPEGBaseline8Bit: {0xC0, 0xC1},
    uid.JPEGExtended12Bit: {0xC0, 0xC1},
    uid.JPEGLossless: {0xC3},
    uid.JPEGLosslessSV1: {0xC3},
    uid.JPEGLSLossless: {0xF7},
    uid.JPEGLSNearLossless: {0xF7},
}
"""Start-of-frame markers of each process; progressive, hierarchical and arithmetic ones have no place in DICOM."""
_ALL_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
_MAX_TILES = 4096


@dataclass(frozen=True)
class FrameSize:
    """Size of one picture in pixels, channels and bits."""

    rows: int
    columns: int
    samples: int
    bits: int
    """Bits of a sample: those it takes up in memory in the DICOM header, its precision in the codestream."""
    is_signed: bool = False
    """Only JPEG 2000 can say so of its samples."""


def check_codestream(frame: bytes, transfer_syntax: uid.UID, declared: FrameSize) -> FrameSize:
    """Raise RadiographRejected unless the JPEG, JPEG-LS or JPEG 2000 frame is what the DICOM header says it is.

    Returns what the frame says of itself. Which of its bits count is decided in `stored_bits`.

    Raises IndexError, ValueError or struct.error where the frame is damaged or ends too early.
    """
    found = codestream_size(frame, transfer_syntax)
    same = (found.rows, found.columns, found.samples) == (declared.rows, declared.columns, declared.samples)
    if not same or found.bits > declared.bits:
        raise _contradiction()
    return found


def codestream_size(frame: bytes, transfer_syntax: uid.UID) -> FrameSize:
    """Size, channels, precision and sign as the JPEG, JPEG-LS or JPEG 2000 frame gives them."""
    if transfer_syntax in uid.JPEG2000TransferSyntaxes:
        return _jpeg2000_size(frame)
    refuse_many_scans(frame)
    return _jpeg_size(frame, _JPEG_FRAMES[transfer_syntax])


def _contradiction() -> RadiographRejected:
    return RadiographRejected(
        gettext_noop(
            "The DICOM file contradicts itself: its compressed picture is not of the size or kind "
            "that its header states."
        ),
        code="dicom-contradiction",
    )


def _jpeg_size(frame: bytes, frames_of_process: set[int]) -> FrameSize:
    """Walk the marker segments (ITU-T T.81 B.1.1) to the only start-of-frame and on to the first scan."""
    if not frame.startswith(b"\xff\xd8") or not frame.endswith(b"\xff\xd9"):
        raise ValueError("JPEG without start or end")
    size, position = None, 2
    while True:
        if frame[position] != 0xFF:
            raise ValueError("no JPEG marker")
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _START_OF_SCAN:
            break
        (length,) = struct.unpack_from(">H", frame, position + 2)
        if marker in _ALL_FRAMES:
            if size or marker not in frames_of_process:
                raise _contradiction()
            bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
            size = FrameSize(rows, columns, samples, bits)
        position += 2 + length
    if size is None:
        raise _contradiction()
    return size


def _jpeg2000_size(frame: bytes) -> FrameSize:
    """Read the SIZ segment (ITU-T T.800 A.5.1) that must follow the start of the codestream at once."""
    if not frame.startswith(b"\xff\x4f\xff\x51"):
        raise _contradiction()
    x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, samples = struct.unpack_from(">8IH", frame, 8)
    components = [struct.unpack_from(">3B", frame, 42 + 3 * index) for index in range(samples)]
    tiles = -(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y)
    if tiles > _MAX_TILES or any((dx, dy) != (1, 1) for _, dx, dy in components):
        raise _contradiction()
    bits = max((depth & 0x7F) + 1 for depth, _, _ in components)
    return FrameSize(y1 - y0, x1 - x0, samples, bits, is_signed=bool(components[0][0] & 0x80))
