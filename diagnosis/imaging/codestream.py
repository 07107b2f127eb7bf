"""What the compressed data inside a DICOM file say about themselves, checked before a decoder allocates anything.

The size in the DICOM header is only a claim: decoders believe the codestream. So the codestream must be of the declared
process, give the declared size, be within reach of it in length, and have an end.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import uid

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.jpeg2000 import check_jpeg2000, jpeg2000_size
from diagnosis.imaging.jpeg_segments import FRAMES, MARKER_IN_JPEG_LS, START_OF_SCAN, Segment, check_jpeg, segments
from diagnosis.imaging.limits import refuse_parts

_JPEG_FRAMES = {
    uid.JPEGBaseline8Bit: {0xC0, 0xC1},
    uid.JPEGExtended12Bit: {0xC0, 0xC1},
    uid.JPEGLossless: {0xC3},
    uid.JPEGLosslessSV1: {0xC3},
    uid.JPEGLSLossless: {0xF7},
    uid.JPEGLSNearLossless: {0xF7},
}
"""Start-of-frame markers of each process; progressive, hierarchical and arithmetic ones have no place in DICOM."""
_JPEG_LS_FRAME, _JPEG_LS_PARAMETERS, _DEFINE_HEIGHT = 0xF7, 0xF8, 0xDC
_MAX_SEGMENTS_OF_JPEG_LS = 200


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
    if transfer_syntax in uid.JPEG2000TransferSyntaxes:
        check_jpeg2000(frame, jpeg2000_size(frame))
    elif transfer_syntax in uid.JPEGLSTransferSyntaxes:
        _check_jpeg_ls(frame)
    else:
        check_jpeg(frame)
    return found


def codestream_size(frame: bytes, transfer_syntax: uid.UID) -> FrameSize:
    """Size, channels, precision and sign as the JPEG, JPEG-LS or JPEG 2000 frame gives them."""
    if transfer_syntax in uid.JPEG2000TransferSyntaxes:
        size = jpeg2000_size(frame)
        (left, right), (top, bottom) = size.columns, size.rows
        return FrameSize(bottom - top, right - left, len(size.bits), max(size.bits), size.is_signed)
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
    """The size in the first start-of-frame (ITU-T T.81 B.2.2), which must be before the first scan."""
    if not frame.startswith(b"\xff\xd8") or not frame.endswith(b"\xff\xd9"):
        raise ValueError("JPEG without start or end")
    for segment in _segments(frame, frames_of_process):
        if segment.marker in FRAMES | {_JPEG_LS_FRAME}:
            if segment.marker not in frames_of_process:
                raise _contradiction()
            bits, rows, columns, samples = struct.unpack_from(">BHHB", segment.body)
            return FrameSize(rows, columns, samples, bits)
        if segment.marker == START_OF_SCAN:
            break
    raise _contradiction()


def _segments(frame: bytes, frames_of_process: set[int]) -> Iterator[Segment]:
    if _JPEG_LS_FRAME in frames_of_process:
        return segments(frame, MARKER_IN_JPEG_LS)
    return segments(frame)


def _check_jpeg_ls(frame: bytes) -> None:
    """Refuse a JPEG-LS that names its size twice, has tables, or more scans than components (ITU-T T.87 annex C)."""
    frames = scans = 0
    for number, segment in enumerate(segments(frame, MARKER_IN_JPEG_LS)):
        refuse_parts(number, _MAX_SEGMENTS_OF_JPEG_LS)
        frames += segment.marker == _JPEG_LS_FRAME
        scans += segment.marker == START_OF_SCAN
        is_odd = segment.marker == _JPEG_LS_PARAMETERS and segment.body[0] != 1
        if is_odd or segment.marker == _DEFINE_HEIGHT or frames > 1:
            raise _contradiction()
    refuse_parts(scans, 4)
