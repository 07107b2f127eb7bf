"""What TIFF, BMP and WebP cost: hostile ones, made here, are refused from their headers, before a decoder sees them."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diagnosis.imaging.limits import MAX_DECODING_BYTES
from tests.diagnosis.imaging.memory import cost_of_reading
from tests.diagnosis.imaging.test_costs import COLUMNS, EIGHT, ROWS, encoded, jpeg_frame, outcome_of, refused_cheaply

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

BYTE, SHORT, LONG = 1, 3, 4
FORMS = {BYTE: "B", SHORT: "H", LONG: "I"}


def tiff_of(columns: int, rows: int, *, data: bytes = bytes(64), following: int = 0, **tags: Any) -> bytes:
    """A TIFF of one directory; `tags` (t259=...) are whole numbers, lists of them, or bytes; None leaves a tag out."""
    elements: dict[int, Any] = {256: columns, 257: rows, 258: 8, 259: 8, 262: 1, 273: 8, 277: 1, 278: rows}
    elements |= {279: len(data)} | {int(name[1:]): value for name, value in tags.items()}
    elements = {tag: value for tag, value in sorted(elements.items()) if value is not None}
    start = 8 + len(data) + len(data) % 2
    lines, values = b"", b""
    for tag, value in elements.items():
        kind = BYTE if isinstance(value, bytes) else LONG
        numbers = list(value) if isinstance(value, (list, bytes)) else [value]
        packed = struct.pack(f"<{len(numbers)}{FORMS[kind]}", *numbers)
        if len(packed) > 4:
            place = struct.pack("<I", start + 2 + 12 * len(elements) + 4 + len(values))
            values += packed
        else:
            place = packed.ljust(4, b"\0")
        lines += struct.pack("<HHI", tag, kind, len(numbers)) + place
    directory = struct.pack("<H", len(elements)) + lines + struct.pack("<I", following) + values
    return b"II*\0" + struct.pack("<I", start) + data + bytes(len(data) % 2) + directory


def overlapping(strips: int) -> bytes:
    """So many strips, all of them the same megabyte."""
    data = bytes(10**6)
    return tiff_of(COLUMNS, strips, data=data, t273=[8] * strips, t278=1, t279=[len(data)] * strips)


def jpegs_in(strips: int, scans: int = 0) -> bytes:
    """Strips that are each a JPEG of 40 megapixels."""
    one = jpeg_frame(1)
    one = one[:-2] + one[-12:-2] * scans + b"\xff\xd9"
    starts = [8 + number * len(one) for number in range(strips)]
    return tiff_of(
        COLUMNS, ROWS, data=one * strips, t259=7, t273=starts, t278=-(-ROWS // strips), t279=[len(one)] * strips
    )


MANY: dict[str, Any] = {f"t{tag}": 1 for tag in range(40_000, 41_000)}
TIFFS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a side over the limit": (lambda: tiff_of(10, 40_000), "too-long-side"),
    "over 40 megapixels": (lambda: tiff_of(30_000, 30_000), "too-many-pixels"),
    "a tile over 40 megapixels": (
        lambda: tiff_of(99, 99, t273=None, t278=None, t279=None, t322=30_000, t323=30_000, t324=8, t325=64),
        "too-many-pixels",
    ),
    "tiles of one pixel": (
        lambda: tiff_of(500, 500, t273=None, t278=None, t279=None, t322=1, t323=1, t324=[8] * 250_000, t325=64),
        "too-many-parts",
    ),
    "strips over each other": (lambda: overlapping(3000), "too-costly"),
    "40 megapixels of four inks": (lambda: tiff_of(COLUMNS, ROWS, t258=[8] * 4, t277=4, t262=5), "too-costly"),
    "64 bits a sample": (lambda: tiff_of(COLUMNS, ROWS, t258=64), "too-costly"),
    "a JPEG of 40 megapixels in each of 50 strips": (lambda: jpegs_in(50), "too-costly"),
    "a JPEG of 200 scans": (lambda: jpegs_in(1, scans=200), "many-scans"),
    "5 MB of a profile": (lambda: tiff_of(9, 9, t34675=bytes(5_000_000)), "too-many-parts"),
    "a thousand elements": (lambda: tiff_of(9, 9, **MANY), "too-many-parts"),
    "a hundred thousand samples": (lambda: tiff_of(9, 9, t258=[8] * 100_000), "damaged"),
    "a page that leads to itself": (lambda: tiff_of(9, 9, following=8), "several-pictures"),
    "compressed by LZMA": (lambda: tiff_of(9, 9, t259=34925), "compression"),
    "40 megapixels of 64 bytes, plain": (lambda: tiff_of(COLUMNS, ROWS, t259=1), "damaged"),
    "a strip behind the end": (lambda: tiff_of(9, 9, t279=10**9), "damaged"),
    "a directory behind the end": (lambda: b"II*\0" + struct.pack("<I", 2**31) + bytes(99), "damaged"),
}


def bmp_of(columns: int, rows: int, *, bits: int = 8, compression: int = 0, colours: int = 256) -> bytes:
    """A BMP of nothing but its header."""
    header = struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, bits, compression, 0, 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 1078, 0, 0, 54 + 1024) + header + bytes(1024) + bytes(64)


def webp_of(*chunks: tuple[bytes, bytes]) -> bytes:
    packed = b"".join(name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for name, body in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(packed)) + b"WEBP" + packed


def lossless(columns: int, rows: int) -> tuple[bytes, bytes]:
    return b"VP8L", struct.pack("<BI", 0x2F, columns - 1 | rows - 1 << 14) + bytes(40)


def canvas(columns: int, rows: int) -> tuple[bytes, bytes]:
    return b"VP8X", bytes(4) + (columns - 1).to_bytes(3, "little") + (rows - 1).to_bytes(3, "little")


OTHERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "BMP of 40 megapixels in 64 bytes": (lambda: bmp_of(COLUMNS, ROWS), "damaged"),
    "BMP over 40 megapixels": (lambda: bmp_of(COLUMNS, -ROWS - 1), "too-many-pixels"),
    "BMP of run lengths": (lambda: bmp_of(COLUMNS, ROWS, compression=1), "compression"),
    "BMP of four thousand million colours": (lambda: bmp_of(9, 9, colours=2**32 - 1), "damaged"),
    "WebP of 40 megapixels": (lambda: webp_of(lossless(8000, 5000)), "too-costly"),
    "WebP with a canvas of 40 megapixels": (lambda: webp_of(canvas(8000, 5000), lossless(9, 9)), "damaged"),
    "WebP with a side over the limit": (lambda: webp_of(canvas(1 << 24, 1), lossless(9, 9)), "damaged"),
    "WebP with two pictures": (lambda: webp_of(lossless(9, 9), lossless(9, 9)), "damaged"),
    "WebP with a frame": (lambda: webp_of(canvas(9, 9), (b"ANMF", bytes(40))), "several-pictures"),
    "WebP with a thousand chunks": (lambda: webp_of(*[(b"none", b"")] * 1000, lossless(9, 9)), "too-many-parts"),
    "WebP with 5 MB of metadata": (lambda: webp_of(lossless(9, 9), (b"EXIF", bytes(5_000_000))), "too-many-parts"),
    "WebP that ends early": (lambda: webp_of(lossless(9, 9))[:-20], "damaged"),
}
ALL = {f"TIFF, {case}": made for case, made in TIFFS.items()} | OTHERS


@pytest.mark.parametrize("case", ALL)
def test_it_is_refused(case: str) -> None:
    content, code = ALL[case]
    assert outcome_of(content()) == code


@pytest.mark.parametrize("case", ["TIFF, strips over each other", "BMP of 40 megapixels in 64 bytes"])
def test_refusing_is_cheap(case: str) -> None:
    assert refused_cheaply(cost_of_reading(ALL[case][0]()))


@pytest.mark.parametrize(
    ("picture_format", "options"),
    [
        ("TIFF", {"compression": compression, "tiffinfo": {278: rows}})
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
        for rows in (8, 5000)
    ]
    + [("WEBP", {"quality": 80}), ("WEBP", {"lossless": True, "icc_profile": b"a profile"}), ("BMP", {})],
)
def test_what_encoders_write_is_read(picture_format: str, options: dict[str, Any]) -> None:
    assert outcome_of(encoded(Image.fromarray(EIGHT), picture_format, **options)) == "read"


def quarter_of_the_limit(channels: int) -> Image.Image:
    """9 megapixels; libraries of these formats take memory in proportion."""
    picture = np.full((ROWS // 4, 7200, channels), 100, np.uint8)
    picture[::2, :, 0] += 60
    return Image.fromarray(picture[..., 0] if channels == 1 else picture)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("picture_format", "channels", "bytes_of_pixel", "options"),
    [
        ("TIFF", 3, 9, {"compression": "tiff_adobe_deflate", "tiffinfo": {278: ROWS}}),
        ("WEBP", 3, 17, {"quality": 30, "method": 0}),
    ],
)
def test_none_takes_more_than_reckoned(
    picture_format: str, channels: int, bytes_of_pixel: int, options: dict[str, Any]
) -> None:
    """WebP took 560 MB where 360 were reckoned with."""
    picture = quarter_of_the_limit(channels)
    content = encoded(picture, picture_format, **options)
    cost = cost_of_reading(content)
    assert cost.outcome == "read"
    reckoned = bytes_of_pixel * picture.width * picture.height
    assert reckoned <= MAX_DECODING_BYTES
    assert cost.megabytes <= (reckoned + len(content)) // 1024**2 + 10
