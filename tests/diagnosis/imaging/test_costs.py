"""What files cost: costly ones are refused from their headers, and no accepted one costs more than reckoned."""

import gzip
import io
import os
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from diagnosis.errors import RadiographRejected
from diagnosis.imaging import jpeg2000, jpeg_segments, png_chunks
from diagnosis.imaging.limits import MAX_DECODING_BYTES, MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE
from diagnosis.imaging.radiograph import read_radiograph
from operations.capacity import UPLOAD_BYTES
from tests.diagnosis.imaging import dicom_files as make
from tests.diagnosis.imaging.memory import Cost, cost_of_reading, cost_of_upload

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom", "ignore:::PIL")

PIXELS = make.chest_like()
EIGHT = (PIXELS >> 4).astype(np.uint8)
ROWS, COLUMNS = 5000, MAX_PIXELS // 5000
READER_MEGABYTES = 70
"""Of a decoding process that waits."""


def encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, picture_format, **options)
    return stream.getvalue()


def outcome_of(content: bytes) -> str:
    try:
        read_radiograph(content)
    except RadiographRejected as refusal:
        return refusal.code
    return "read"


# PNG


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with(*chunks: bytes) -> bytes:
    """A good PNG with these chunks behind its header."""
    good = encoded(Image.fromarray(EIGHT), "PNG")
    return good[:33] + b"".join(chunks) + good[33:]


def png_of(width: int, height: int, colour: int = 0, *chunks: bytes) -> bytes:
    """A PNG of nothing but a header of this size and colour type."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", b"x\x9c") + chunk(b"IEND")


PROFILE = b"p\0\0" + zlib.compress(bytes(300_000))

PNGS = {
    "one column": (lambda: png_of(1, MAX_PIXELS), "too-long-side"),
    "a side over the limit": (lambda: png_of(MAX_SIDE + 1, 10), "too-long-side"),
    "200 colour profiles": (lambda: png_with(*[chunk(b"iCCP", PROFILE)] * 200), "too-many-parts"),
    "two colour profiles": (lambda: png_with(*[chunk(b"iCCP", PROFILE)] * 2), "too-many-parts"),
    "a thousand texts": (lambda: png_with(*[chunk(b"tEXt", b"a\0b")] * 1000), "too-many-parts"),
    "5 MB of text": (lambda: png_with(*[chunk(b"tEXt", b"a\0" + b"b" * 10**6)] * 5), "too-many-parts"),
    "a million empty pieces": (lambda: png_with(chunk(b"IDAT") * 10**6), "too-many-parts"),
    "a second header": (
        lambda: png_with(chunk(b"IHDR", struct.pack(">2I5B", 9999, 4000, 8, 2, 0, 0, 0))),
        "too-many-parts",
    ),
    "40 megapixels with a colour for nothing": (
        lambda: png_of(COLUMNS, ROWS, 2, chunk(b"tRNS", bytes(6))),
        "too-costly",
    ),
}


@pytest.mark.parametrize("case", PNGS)
def test_a_costly_png_is_refused(case: str) -> None:
    content, code = PNGS[case]
    assert outcome_of(content()) == code


# JPEG


def jpeg_with(*segments: bytes) -> bytes:
    """A good JPEG with these bytes behind its start."""
    good = make.jpeg(EIGHT)
    return good[:2] + b"".join(segments) + good[2:]


def progressive(width: int, height: int, scans: int) -> bytes:
    """A small progressive JPEG that claims a size and repeats its last scan."""
    good = bytearray(encoded(Image.new("L", (64, 64), 77), "JPEG", progressive=True))
    struct.pack_into(">2H", good, good.index(b"\xff\xc2") + 5, height, width)
    last = bytes(good[good.rindex(b"\xff\xda") : -2])
    return bytes(good[:-2]) + last * scans + b"\xff\xd9"


def jpeg_frame(components: int, marker: int = 0xC0, sampling: int = 0x11) -> bytes:
    """The frame of 40 megapixels, and a scan of nothing."""
    described = b"".join(bytes([number, sampling, 0]) for number in range(components))
    frame = struct.pack(">2BH BHHB", 0xFF, marker, 8 + len(described), 8, ROWS, COLUMNS, components) + described
    return b"\xff\xd8" + frame + b"\xff\xda\x00\x08" + bytes([components]) + bytes(5) + b"\xff\xd9"


JPEGS = {
    "a million empty segments": (lambda: jpeg_with(b"\xff\xe4\x00\x02" * 10**6), "too-many-parts"),
    "empty segments behind the scan": (
        lambda: make.jpeg(EIGHT)[:-2] + b"\xff\xe4\x00\x02" * 5000 + b"\xff\xd9",
        "too-many-parts",
    ),
    "10 MB of metadata": (lambda: jpeg_with(*[b"\xff\xed\xff\xff" + bytes(65533)] * 150), "too-many-parts"),
    "a million bytes of filling": (lambda: jpeg_with(b"\xff" * 10**6), "too-many-parts"),
    "a million bytes of rubbish": (lambda: jpeg_with(b"\xff\xfe\x00\x02" + b"\x00" * 10**6), "too-many-parts"),
    "20 scans of 40 megapixels": (lambda: progressive(COLUMNS, ROWS, 20), "many-scans"),
    "200 scans": (lambda: progressive(64, 64, 200), "many-scans"),
    "one long side": (lambda: progressive(65000, 10, 0), "too-long-side"),
    "40 megapixels of four inks": (lambda: jpeg_frame(4), "too-costly"),
    "40 megapixels, progressive, in full colour": (lambda: jpeg_frame(3, 0xC2), "too-costly"),
}


@pytest.mark.parametrize("case", JPEGS)
def test_a_costly_jpeg_is_refused(case: str) -> None:
    content, code = JPEGS[case]
    assert outcome_of(content()) == code


def test_the_walk_sees_what_a_decoder_sees() -> None:
    """Remains between segments, fill bytes and escapes in scans hide no segment."""
    good = make.jpeg(EIGHT)
    odd = good[:2] + b"\xff\xfe\x00\x02" + b"\x00\x01\xff\xff\xff" + b"\xfe\x00\x04ab" + b"\xff\x00" + good[2:]
    plain, found = ([one.marker for one in jpeg_segments.segments(content)] for content in (good, odd))
    assert found == [0xFE, 0xFE, *plain]
    assert plain.count(0xDA) == 1
    assert (read_radiograph(odd).pixels == read_radiograph(good).pixels).all()


# JPEG 2000


def codestream(rows: int, columns: int, **changes: Any) -> bytes:
    """Headers without a picture: `levels`, `block`, `precincts`, `layers`, `tile`, `components`, `extra`, `tiles`."""
    style: dict[str, Any] = {
        "levels": 5,
        "block": (4, 4),
        "precincts": b"",
        "layers": 1,
        "tile": (columns, rows),
        "extra": b"",
    } | changes
    components = bytes([7, 1, 1]) * style.get("components", 1)
    size = struct.pack(">H8IH", 0, columns, rows, 0, 0, *style["tile"], 0, 0, len(components) // 3) + components
    coding = bytes(
        [bool(style["precincts"]), 0, *divmod(style["layers"], 256), 0, style["levels"], *style["block"], 0, 1]
    )
    coding += style["precincts"]
    quantisation = bytes([0x40] + [0x48] * (1 + 3 * style["levels"]))
    header = [(0x51, size), (0x52, coding), (0x5C, quantisation)]
    main = b"".join(struct.pack(">2BH", 0xFF, marker, 2 + len(body)) + body for marker, body in header)
    part = style.get("in_tile", b"") + b"\xff\x93"
    tile = struct.pack(">2BHHIBB", 0xFF, 0x90, 10, 0, 12 + len(part), 0, 1) + part
    return b"\xff\x4f" + main + style["extra"] + tile * style.get("tiles", 1) + b"\xff\xd9"


def jpeg_2000_of(rows: int, columns: int, **changes: Any) -> bytes:
    stream = codestream(rows, columns, **changes)
    samples = changes.get("components", 1)
    colour = {} if samples == 1 else {"PhotometricInterpretation": "RGB", "SamplesPerPixel": samples}
    tags = {"Rows": rows, "Columns": columns, **colour, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    return make.compressed(EIGHT, uid.JPEG2000, lambda _: stream, **tags)


CODING = b"\x00\x00\x00\x01\x00\x05\x04\x04\x00\x01"
STREAMS: dict[str, tuple[dict[str, Any], str]] = {
    "precincts of one sample": ({"levels": 0, "precincts": b"\x00"}, "too-many-parts"),
    "precincts of two samples": ({"levels": 1, "precincts": b"\x11\x11"}, "too-many-parts"),
    "code blocks of 4 x 4": ({"block": (0, 0)}, "too-costly"),
    "65,535 layers": ({"precincts": b"\x88" * 6, "layers": 65535}, "too-many-parts"),
    "tiles of 8 x 8": ({"tile": (8, 8)}, "too-many-parts"),
    "40 megapixels of three": ({"components": 3}, "too-costly"),
    "32 levels": ({"levels": 32}, "dicom-layout"),
    "high throughput": ({"extra": b"\xff\x50\x00\x08" + bytes(6)}, "dicom-layout"),
    "another order of packets": ({"extra": b"\xff\x5f\x00\x09" + bytes(7)}, "dicom-layout"),
    "packed headers": ({"extra": b"\xff\x60\x00\x03\x00"}, "dicom-layout"),
    "another style of a component": ({"extra": b"\xff\x53\x00\x0b\x00\x01\x02\x04\x04\x00\x01\x00\x00"}, "damaged"),
    "blocks of a component": ({"extra": b"\xff\x53\x00\x09\x00\x00\x05\x00\x00\x00\x01"}, "too-costly"),
    "another style of a tile": ({"in_tile": b"\xff\x52\x00\x0c" + CODING}, "dicom-layout"),
    "2,000 comments": ({"extra": b"\xff\x64\x00\x04\x00\x01" * 2000}, "too-many-parts"),
    "10,000 tile parts": ({"tiles": 10_000}, "too-many-parts"),
}


@pytest.mark.parametrize("case", STREAMS)
def test_a_costly_jpeg_2000_is_refused(case: str) -> None:
    changes, code = STREAMS[case]
    assert outcome_of(jpeg_2000_of(ROWS, COLUMNS, **changes)) == code


@pytest.mark.parametrize(
    ("edges", "exponent", "cells"),
    [([0, 100], 3, 13), ([0, 64, 128], 6, 2), ([3, 100], 3, 13), ([0, 50, 100], 3, 7 + 7), ([0, 0], 3, 0)],
)
def test_cells_are_counted_as_the_standard_does(edges: list[int], exponent: int, cells: int) -> None:
    assert jpeg2000._cells(edges, 0, exponent) == cells


def test_large_pictures_of_real_encoders_are_let_through() -> None:
    for block, precincts in (((4, 4), b""), ((3, 3), b""), ((4, 4), b"\x77" * 6)):
        stream = codestream(ROWS, COLUMNS, block=block, precincts=precincts)
        jpeg2000.check_jpeg2000(stream, jpeg2000.jpeg2000_size(stream))
    tiled = codestream(ROWS, COLUMNS, tile=(1024, 1024), layers=12)
    jpeg2000.check_jpeg2000(tiled, jpeg2000.jpeg2000_size(tiled))


# DICOM


def rle_of(samples: int, bits: int) -> bytes:
    """40 megapixels in runs of 128: a few hundred kilobytes."""
    frame = struct.pack("<16I", samples * bits // 8, 64, *[0] * 14) + b"\x81\x00" * 1000
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"} if samples == 3 else {}
    tags = {"Rows": ROWS, "Columns": COLUMNS, "BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1}
    return make.compressed(PIXELS, uid.RLELossless, lambda _: frame, **tags, **colour)


def palette_of_40_megapixels() -> bytes:
    tables = {f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16] for name in ("Red", "Green", "Blue")}
    tags = {"PhotometricInterpretation": "PALETTE COLOR", "Rows": ROWS, "Columns": COLUMNS, **tables}
    return make.dicom(EIGHT, **tags)


def sequence_of_items() -> bytes:
    """A wanted sequence of 60,000 empty items."""
    content = make.dicom(PIXELS)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 60_000
    element = struct.pack("<HH2sHI", 0x0008, 0x2218, b"SQ", 0, len(items)) + items
    start = content.index(struct.pack("<HH2s", 0x0018, 0x0015, b"CS"))
    return content[:start] + element + content[start:]


def long_character_set() -> bytes:
    """A character set of 30,000 names."""
    value = b"\\" * 30_000
    content = make.dicom(PIXELS)
    start = content.index(struct.pack("<HH2s", 0x0008, 0x0016, b"UI"))
    return content[:start] + struct.pack("<HH2sH", 0x0008, 0x0005, b"CS", len(value)) + value + content[start:]


def long_meta() -> bytes:
    """A thousand elements before the transfer syntax."""
    return make.dicom(PIXELS).replace(
        b"\x02\x00\x10\x00UI\x14\x00", b"\x02\x00\x16\x00SH\x00\x00" * 1000 + b"\x02\x00\x10\x00UI\x14\x00"
    )


def long_name() -> bytes:
    content = make.dicom(PIXELS)
    value = b"\\" * 1_000_000
    start = content.index(struct.pack("<HH2s", 0x0018, 0x0015, b"CS"))
    return content[:start] + struct.pack("<HH2sHI", 0x0010, 0x0010, b"UN", 0, len(value)) + value + content[start:]


FILES = {
    "a name of a million parts": (long_name, "dicom-elements"),
    "a sequence of 60,000 items": (sequence_of_items, "dicom-elements"),
    "a long character set": (long_character_set, "dicom-elements"),
    "a long meta": (long_meta, "dicom-elements"),
    "RLE, 3 x 16 bits": (lambda: rle_of(3, 16), "too-costly"),
    "RLE, 3 x 8 bits": (lambda: rle_of(3, 8), "too-costly"),
    "a palette": (palette_of_40_megapixels, "too-costly"),
    "one column": (lambda: make.dicom(EIGHT, Rows=MAX_PIXELS // 700, Columns=700), "too-long-side"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_costly_dicom_is_refused(case: str) -> None:
    content, code = FILES[case]
    assert outcome_of(content()) == code


def jpeg_ls_with(segment: bytes) -> bytes:
    """A JPEG-LS with a segment behind its frame."""

    def encode(pixels: np.ndarray) -> bytes:
        stream = make.jpeg_ls(pixels)
        scan = stream.index(b"\xff\xda")
        return stream[:scan] + segment + stream[scan:]

    return make.compressed(PIXELS, uid.JPEGLSLossless, encode)


def test_a_jpeg_ls_names_its_size_once() -> None:
    assert outcome_of(jpeg_ls_with(b"\xff\xf8\x00\x0a\x04\x03" + bytes(6))) == "dicom-contradiction"
    assert outcome_of(jpeg_ls_with(b"\xff\xfe\x00\x02" * 500)) == "too-many-parts"
    assert outcome_of(jpeg_ls_with(b"\xff\xfe\x00\x04ab")) == "read"


# All of them


COSTLY: dict[str, Callable[[], bytes]] = {
    **{f"PNG, {case}": content for case, (content, _) in PNGS.items()},
    **{f"JPEG, {case}": content for case, (content, _) in JPEGS.items()},
    **{f"DICOM, {case}": content for case, (content, _) in FILES.items()},
    **{f"JPEG 2000, {case}": partial(jpeg_2000_of, ROWS, COLUMNS, **changes) for case, (changes, _) in STREAMS.items()},
}
DEAREST = ["JPEG, a million empty segments", "DICOM, a name of a million parts", "PNG, a million empty pieces"]


def refused_cheaply(cost: Cost) -> bool:
    return cost.outcome != "read" and cost.megabytes <= 200 and cost.seconds <= 1


@pytest.mark.parametrize("case", DEAREST)
def test_refusing_is_cheap(case: str) -> None:
    assert refused_cheaply(cost_of_reading(COSTLY[case]()))


@pytest.mark.slow
def test_the_files_of_an_attack_are_refused_cheaply() -> None:
    """The files that were found to be costly, which are not part of the repository."""
    folder = Path(os.environ.get("COVIDXRAY_ABUSE", Path(__file__).resolve().parents[4] / "shared" / "abuse"))
    if not folder.is_dir():
        pytest.skip("the files of the attack are not here (COVIDXRAY_ABUSE names their folder)")
    pictures = [path for path in folder.iterdir() if path.suffix not in (".md", ".json")]
    assert len(pictures) >= 8
    for path in pictures:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert refused_cheaply(cost_of_reading(content)), path.name


def noisy(channels: int, megabytes: int) -> np.ndarray:
    """40 megapixels, of which so many megabytes cannot be compressed."""
    picture = np.full((ROWS, COLUMNS, channels), 100, np.uint8)
    picture[::2, :, 0] += 60
    rows = megabytes * 1_000_000 // (COLUMNS * channels)
    picture[:rows] = np.random.default_rng(0).integers(0, 256, (rows, COLUMNS, channels))
    return picture


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


WORST: dict[str, Callable[[], bytes]] = {
    "PNG with transparency": lambda: encoded(Image.fromarray(noisy(4, 48)), "PNG", exif=turned(), compress_level=1),
    "colour JPEG": lambda: encoded(Image.fromarray(noisy(3, 30)), "JPEG", exif=turned(), quality=85, subsampling=0),
    "JPEG 2000": lambda: make.compressed(
        noisy(1, 6)[..., 0].astype(np.uint16) << 4, uid.JPEG2000Lossless, make.jpeg_2000
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", WORST)
def test_the_worst_accepted_file_takes_no_more_than_reckoned(case: str) -> None:
    content = WORST[case]()
    assert len(content) <= MAX_FILE_BYTES
    cost = cost_of_upload(content)
    assert cost.outcome == "read"
    assert cost.megabytes + READER_MEGABYTES <= UPLOAD_BYTES // 1024**2
    reading = cost_of_reading(content)
    assert reading.megabytes <= (MAX_DECODING_BYTES + len(content)) // 1024**2 + 20
    assert reading.seconds < 10


def test_limits_are_far_from_real_files() -> None:
    assert png_chunks.MAX_CHUNKS * 2048 >= MAX_FILE_BYTES - 2_000_000
    assert jpeg_segments.MAX_SCANNED >= 15 * MAX_PIXELS
