"""Arrays of pixels as files of the formats that are no DICOM."""

import io
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from PIL import Image


def encoded(pixels: np.ndarray, picture_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, picture_format, **options)
    return stream.getvalue()


def png_of_chunks(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, each with its right checksum."""
    written = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
