"""Files that cost a server more than they are worth: what somebody with bad intentions would upload (`--abusive`)."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

SIDES = 7000, 5000
KEPT_OUT = {400, 403, 413, 422, 429, 503}
"""What such a file may be answered with."""


def write_abusive(folder: Path) -> list[str]:
    """Write one of each kind; their paths."""
    folder.mkdir(parents=True)
    files = {"wide.png": _wide_png(), "chunks.png": _many_chunks(), "scans.jpg": _many_scans(), "strips.tif": _strips()}
    files["noise.jpg"] = _noise()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in files]


def _encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, picture_format, **options)
    return stream.getvalue()


def _wide_png() -> bytes:
    """35 megapixels of nothing, in a few kilobytes: it is decoded whole, and refused as no chest."""
    return _encoded(Image.new("L", SIDES, 40), "PNG")


def _many_chunks() -> bytes:
    good = _encoded(Image.new("L", (64, 64)), "PNG")
    empty = struct.pack(">I4s", 0, b"IDAT") + struct.pack(">I", zlib.crc32(b"IDAT"))
    return good[:33] + empty * 500_000 + good[33:]


def _many_scans() -> bytes:
    """A progressive JPEG that claims 35 megapixels and repeats its last scan."""
    good = bytearray(_encoded(Image.new("L", (64, 64), 77), "JPEG", progressive=True))
    struct.pack_into(">2H", good, good.index(b"\xff\xc2") + 5, SIDES[1], SIDES[0])
    return bytes(good[:-2]) + bytes(good[good.rindex(b"\xff\xda") : -2]) * 90 + b"\xff\xd9"


def _strips() -> bytes:
    """A TIFF that ends before its strips do."""
    return _encoded(Image.new("L", SIDES), "TIFF", compression="packbits")[:-1000]


def _noise() -> bytes:
    """Twelve megapixels that no compression makes small: read whole, and no chest."""
    return _encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (3000, 4000), np.uint8)), "JPEG")
