"""What the headers of a BMP and the chunks of a WebP promise: sizes, compression, frames, metadata, before decoding.

BMP: Microsoft's BITMAPINFOHEADER and its successors. WebP: RFC 9649, sections 2 and 3.
"""

import struct
from collections import Counter
from collections.abc import Iterator

from diagnosis.imaging.limits import refuse_memory, refuse_oversize, refuse_parts
from diagnosis.imaging.tiff_parts import compressed_unusually, several_pictures

MAX_CHUNKS = 100
MAX_METADATA_BYTES = 4 * 1024**2
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_BITS = {1, 2, 4, 8, 16, 24, 32}
_PLAIN, _BIT_FIELDS = 0, 3
_BYTES_OF_WEBP_PIXEL = 17
_METADATA = {b"ICCP", b"EXIF", b"XMP "}
_PICTURES = {b"VP8 ", b"VP8L"}


def check_bmp(bmp: bytes) -> None:
    """Raise RadiographRejected for a size or a compression that is not read.

    Raises ValueError or struct.error where the header is damaged, or the file is too short for its picture. Run
    lengths are not read: Pillow unpacks them in Python, byte by byte.
    """
    start, header = struct.unpack_from("<II", bmp, 10)
    if header not in _BMP_HEADERS:
        raise ValueError("a header of an unknown kind")
    form = "<HHHH" if header == 12 else "<iiHH"
    columns, rows, planes, bits = struct.unpack_from(form, bmp, 18)
    compression, colours = _PLAIN, 0
    if header != 12:
        (compression,) = struct.unpack_from("<I", bmp, 30)
        (colours,) = struct.unpack_from("<I", bmp, 46)
    if planes != 1 or bits not in _BITS or columns <= 0 or rows == 0 or colours > 256:
        raise ValueError("a header that no picture has")
    refuse_oversize(columns, abs(rows))
    if compression not in (_PLAIN, _BIT_FIELDS):
        raise compressed_unusually("BMP")
    stride = (columns * bits + 31) // 32 * 4
    if start + stride * abs(rows) > len(bmp):
        raise ValueError("fewer bytes than pixels")


def check_webp(webp: bytes) -> None:
    """Raise RadiographRejected for what would cost a decoder far more than a picture of its size should.

    Raises ValueError or struct.error where the chunks are damaged.
    """
    names: Counter[bytes] = Counter()
    metadata, sizes = 0, []
    for name, body in _chunks(webp):
        names[name] += 1
        refuse_parts(names.total(), MAX_CHUNKS)
        if name in (b"ANIM", b"ANMF"):
            raise several_pictures()
        if name in _METADATA:
            metadata += len(body)
            refuse_parts(metadata, MAX_METADATA_BYTES)
        if name in (*_PICTURES, b"VP8X"):
            sizes.append(_webp_size(name, body))
    if sum(names[name] for name in _PICTURES) != 1 or len(set(sizes)) != 1:
        raise ValueError("no picture, or of two sizes")
    refuse_oversize(*sizes[0])
    refuse_memory(sizes[0][0] * sizes[0][1] * _BYTES_OF_WEBP_PIXEL)


def _chunks(webp: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Name and content of each chunk. Raises ValueError where one reaches behind the end that the file names."""
    (size,) = struct.unpack_from("<I", webp, 4)
    end, position = 8 + size, 12
    if end > len(webp):
        raise ValueError("shorter than it says")
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", webp, position)
        if position + 8 + length > end:
            raise ValueError("a chunk behind the end")
        yield name, memoryview(webp)[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def _webp_size(name: bytes, body: memoryview) -> tuple[int, int]:
    """Columns and rows as the chunk has them."""
    if name == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8L":
        signature, packed = struct.unpack_from("<BI", body)
        if signature != 0x2F:
            raise ValueError("no lossless picture")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    if bytes(body[3:6]) != b"\x9d\x01\x2a":
        raise ValueError("no key frame")
    columns, rows = struct.unpack_from("<HH", body, 6)
    return columns & 0x3FFF, rows & 0x3FFF
