"""What the chunks of a PNG promise: their number, metadata, checksums and memory, before a decoder reads them.

The names of the chunks and their order are those of the W3C's Portable Network Graphics, section 11.
"""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

from diagnosis.imaging.limits import refuse_memory, refuse_oversize, refuse_parts

MAX_CHUNKS = 25_000
"""Of the pixels: 50 MB in pieces of 2 kB. Encoders write 8 kB and more."""
MAX_OTHER_CHUNKS = 500
"""Texts above all: some converters write one for each element of a DICOM file."""
MAX_METADATA_BYTES = 4 * 1024**2
_ONCE = {
    *(b"IHDR", b"PLTE", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP"),
    *(b"bKGD", b"hIST", b"pHYs", b"eXIf", b"tIME", b"acTL"),
}
"""A second one makes a file no PNG, and costs a decoder as much as the first."""
_BYTES_OF_PIXEL = {0: 6, 2: 8, 3: 9, 4: 8, 6: 9}
_BYTES_OF_TRANSPARENT_PIXEL = {0: 9, 2: 13, 3: 10, 4: 8, 6: 9}
"""By colour type, at the peak; the second where a colour stands for nothing (tRNS)."""
_BYTES_OF_DEEP_PIXEL = 20
"""Of 16 bits a channel with colour or alpha, which are decoded twice (`png16`)."""


def check_png(png: bytes) -> None:
    """Raise RadiographRejected for what would cost a decoder far more than a picture of its size should.

    Raises ValueError or struct.error where a chunk is damaged: Pillow does not compare the checksums of pixel data.
    """
    names: Counter[bytes] = Counter()
    metadata = 0
    for name, body in chunks(png):
        names[name] += 1
        if name == b"IDAT":
            refuse_parts(names[name], MAX_CHUNKS)
            continue
        metadata += len(body)
        refuse_parts(names.total() - names[b"IDAT"], MAX_OTHER_CHUNKS)
        refuse_parts(metadata, MAX_METADATA_BYTES)
        refuse_parts(names[name], 1 if name in _ONCE else MAX_OTHER_CHUNKS)
    _refuse_header(png, is_transparent=b"tRNS" in names)


def chunks(png: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Name and content of each chunk up to IEND. Raises ValueError where a checksum is wrong or the end is missing."""
    content, position, name = memoryview(png), 8, b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", png, position)
        (checksum,) = struct.unpack_from(">I", png, position + 8 + length)
        if zlib.crc32(content[position + 4 : position + 8 + length]) != checksum:
            raise ValueError("checksum of a chunk")
        yield name, content[position + 8 : position + 8 + length]
        position += 12 + length


def _refuse_header(png: bytes, *, is_transparent: bool) -> None:
    """Refuse the picture for its size, or for the memory that its colour type takes (IHDR, the first chunk)."""
    name, columns, rows, depth, colour = struct.unpack_from(">4s2I2B", png, 12)
    if name != b"IHDR":
        raise ValueError("another chunk before the header")
    refuse_oversize(columns, rows)
    bytes_of_pixel = _BYTES_OF_TRANSPARENT_PIXEL if is_transparent else _BYTES_OF_PIXEL
    is_deep = depth == 16 and colour != 0
    refuse_memory(rows * columns * (_BYTES_OF_DEEP_PIXEL if is_deep else bytes_of_pixel[colour]))
