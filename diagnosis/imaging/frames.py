"""The one compressed frame of a DICOM file: fragments joined, the offset table ignored, padding cut off."""

from pydicom import uid
from pydicom.encaps import generate_fragments

_JPEG_FAMILY = {*uid.JPEGTransferSyntaxes, *uid.JPEGLSTransferSyntaxes, *uid.JPEG2000TransferSyntaxes}
_END = b"\xff\xd9"
_MOST_FRAGMENTS = 20_000


def single_frame(pixel_data: bytes) -> bytes:
    """Join all fragments behind the offset table, which is not read: there is only one frame (PS3.5 A.4).

    Raises ValueError where the items are damaged or far too many.
    """
    length = int.from_bytes(pixel_data[4:8], "little")
    if pixel_data[:4] != b"\xfe\xff\x00\xe0" or 8 + length > len(pixel_data):
        raise ValueError("no offset table")
    fragments = []
    for fragment in generate_fragments(pixel_data[8 + length :]):
        fragments.append(fragment)
        if len(fragments) > _MOST_FRAGMENTS:
            raise ValueError("too many fragments")
    return b"".join(fragments)


def without_padding(frame: bytes, transfer_syntax: uid.UID) -> bytes:
    """Cut off what follows the end of a JPEG, JPEG-LS or JPEG 2000 stream: its mark cannot occur in coded data."""
    if transfer_syntax not in _JPEG_FAMILY:
        return frame
    end = frame.rfind(_END)
    return frame if end < 0 else frame[: end + len(_END)]


def sniffed_syntax(frame: bytes) -> uid.UID | None:
    """The transfer syntax of a compressed frame of which no header tells it; None where it is none that is read."""
    if frame.startswith(b"\xff\x4f\xff\x51"):
        return uid.JPEG2000
    if not frame.startswith(b"\xff\xd8\xff"):
        return None
    syntaxes = {
        0xC0: uid.JPEGBaseline8Bit,
        0xC1: uid.JPEGExtended12Bit,
        0xC3: uid.JPEGLossless,
        0xF7: uid.JPEGLSNearLossless,
    }
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        if syntax := syntaxes.get(frame[position + 1]):
            return syntax
        position += 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
    return None
