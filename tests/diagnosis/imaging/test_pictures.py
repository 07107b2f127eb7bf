"""16-bit PNG, phone pictures, TIFF, BMP, WebP, our own outputs, and what is said about files of other kinds."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.imaging.rendering import coloured_heat_map, heat_map_to_png
from diagnosis.imaging.stretch import picture_range
from diagnosis.inference.gate import check_assessable
from tests.diagnosis.imaging.dicom_files import chest_like, dicom

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

PIXELS = chest_like()
GREY = (PIXELS >> 4).astype(np.uint8)


def encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, picture_format, **options)
    return stream.getvalue()


def png16(samples: np.ndarray, colour_type: int) -> bytes:
    """A PNG of 16 bits a channel, (rows, columns, channels), which Pillow itself cannot write in colour."""
    rows, columns = samples.shape[:2]
    data = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [
        (b"IHDR", struct.pack(">2I5B", columns, rows, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(data)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def tiff16(order: str, planes: np.ndarray, photometric: int) -> bytes:
    """A TIFF of 16 bits a channel, (channels, rows, columns), each in its strip: Pillow writes none."""
    channels, rows, columns = planes.shape
    end, strip = ("<" if order == "II" else ">"), 2 * rows * columns
    places = [8 + strip * number for number in range(channels)]
    data = planes.astype(end + "u2").tobytes()
    lists = {258: ("H", [16] * channels), 273: ("I", places), 279: ("I", [strip] * channels)}
    numbers = {
        256: columns,
        257: rows,
        259: 1,
        262: photometric,
        277: channels,
        278: rows,
        284: 2 if channels > 1 else 1,
    }
    elements = lists | {tag: ("H", [number]) for tag, number in numbers.items()}
    directory, beyond = struct.pack(f"{end}H", len(elements)), b""
    start = 8 + len(data) + 2 + 12 * len(elements) + 4
    for tag, (kind, values) in sorted(elements.items()):
        packed = struct.pack(f"{end}{len(values)}{kind}", *values)
        if len(packed) > 4:
            packed, beyond = struct.pack(f"{end}I", start + len(beyond)), beyond + packed
        directory += struct.pack(f"{end}HHI", tag, 3 if kind == "H" else 4, len(values)) + packed.ljust(4, b"\0")
    return order.encode() + struct.pack(f"{end}HI", 42, 8 + len(data)) + data + directory + bytes(4) + beyond


def likeness(content: bytes, expected: np.ndarray = PIXELS) -> float:
    pixels = read_radiograph(content).pixels
    return float(np.corrcoef(pixels.ravel(), expected.ravel())[0, 1])


def code_of(content: bytes) -> str:
    try:
        check_assessable(read_radiograph(content))
    except RadiographRejected as refusal:
        return refusal.code
    return ""


def bordered(level: int) -> np.ndarray:
    raised = PIXELS + np.uint16(20000)
    raised[:6] = level
    return raised


RIGHT: dict[str, Callable[[], bytes]] = {
    "12 bits in 16": lambda: encoded(Image.fromarray(PIXELS), "PNG"),
    "RGB of 12 bits in 16": lambda: png16(np.stack([PIXELS] * 3, axis=-1), 2),
    "RGBA of 12 bits in 16": lambda: png16(np.stack([*[PIXELS] * 3, np.full_like(PIXELS, 65535)], axis=-1), 6),
    "grey and alpha of 12 bits in 16": lambda: png16(np.stack([PIXELS, np.full_like(PIXELS, 65535)], axis=-1), 4),
    "BMP": lambda: encoded(Image.fromarray(GREY), "BMP"),
    "TIFF": lambda: encoded(Image.fromarray(GREY), "TIFF"),
    "TIFF of 12 bits in 16": lambda: encoded(Image.fromarray(PIXELS), "TIFF"),
    "packed TIFF": lambda: encoded(Image.fromarray(GREY), "TIFF", compression="tiff_lzw"),
    "TIFF, white is zero": lambda: encoded(Image.fromarray(4095 - PIXELS), "TIFF", tiffinfo={262: 0}),
    "TIFF, white is zero, little-endian": lambda: tiff16("II", 65535 - 16 * PIXELS[None], 0),
    "TIFF, white is zero, big-endian": lambda: tiff16("MM", 65535 - 16 * PIXELS[None], 0),
    "lossless WebP": lambda: encoded(Image.fromarray(GREY).convert("RGB"), "WEBP", lossless=True),
    "one transparent grey": lambda: encoded(Image.fromarray(GREY), "PNG", transparency=int(np.median(GREY))),
}


@pytest.mark.parametrize("case", RIGHT)
def test_the_picture_is_right(case: str) -> None:
    assert likeness(RIGHT[case]()) > 0.995


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("order", ["II", "MM"])
def test_colours_of_16_bits_in_a_tiff_are_refused(order: str, channels: int) -> None:
    content = tiff16(order, np.stack([16 * PIXELS] * channels), 1 if channels == 2 else 2)
    with pytest.raises(RadiographRejected, match="8 or 16 bits of grey"):
        read_radiograph(content)


@pytest.mark.parametrize("level", [0, 65535])
def test_a_border_far_off_does_not_flatten_the_lungs(level: int) -> None:
    pixels = read_radiograph(encoded(Image.fromarray(bordered(level)), "PNG")).pixels
    assert np.corrcoef(pixels[6:].ravel(), PIXELS[6:].ravel())[0, 1] > 0.995
    assert pixels[6:].std() > 50
    assert set(np.unique(pixels[:6])) == {0 if level == 0 else 255}


@pytest.mark.parametrize("level", [0, 65535])
def test_a_shutter_may_be_most_of_the_picture(level: int) -> None:
    shut = np.full((2 * PIXELS.shape[0], PIXELS.shape[1] + 40), level, np.uint16)
    shut[50 : 50 + PIXELS.shape[0], 20:-20] = PIXELS + 20000
    inside = read_radiograph(encoded(Image.fromarray(shut), "PNG")).pixels[50 : 50 + PIXELS.shape[0], 20:-20]
    assert np.corrcoef(inside.ravel(), PIXELS.ravel())[0, 1] > 0.995
    assert inside.std() > 50


@pytest.mark.parametrize("level", [0, 65535])
def test_png_and_dicom_are_stretched_alike(level: int) -> None:
    stored = bordered(level)
    of_dicom = read_radiograph(dicom(stored, BitsStored=16, HighBit=15)).pixels
    assert np.array_equal(read_radiograph(encoded(Image.fromarray(stored), "PNG")).pixels, of_dicom)


def test_half_a_picture_is_no_border() -> None:
    values = np.arange(4096)
    counts = np.where((values < 200) | (values > 3895), 1000, 0)
    assert picture_range(values, counts) == (1, 4093)


def with_preview(size: tuple[int, int]) -> bytes:
    picture = Image.fromarray(GREY).convert("RGB")
    return encoded(picture, "MPO", save_all=True, append_images=[picture.resize(size)])


def test_a_phones_preview_is_left_out() -> None:
    radiograph = read_radiograph(with_preview((85, 95)))
    assert np.corrcoef(radiograph.pixels.ravel(), GREY.ravel())[0, 1] > 0.995
    assert radiograph.notes == (ReadingNote.SECOND_PICTURE,)


def test_a_second_view_is_refused() -> None:
    assert code_of(with_preview((170, 190))) == "several-pictures"


HEAT = coloured_heat_map(heat_map_to_png(np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)), width=400, height=300)


def flattened(ground: str) -> Image.Image:
    heat = Image.open(io.BytesIO(HEAT)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", heat.size, ground), heat).convert("RGB")


def blended(peak: float = 1.0, strength: float = 0.5) -> Image.Image:
    """A screenshot of the page: a spot of the heat map over a radiograph."""
    across = np.linspace(-1, 1, 7)
    spot = peak * np.exp(-3 * (across[:, None] ** 2 + across**2)).astype(np.float32)
    ground = Image.fromarray(GREY).convert("RGBA")
    drawn = io.BytesIO(coloured_heat_map(heat_map_to_png(spot), width=ground.width, height=ground.height))
    heat = Image.open(drawn).convert("RGBA").resize(ground.size)
    heat.putalpha(heat.getchannel("A").point(lambda level: round(level * strength)))
    return Image.alpha_composite(ground, heat).convert("RGB")


OWN: dict[str, Callable[[], bytes]] = {
    "heat map": lambda: HEAT,
    "heat map without its mark": lambda: encoded(Image.open(io.BytesIO(HEAT)).convert("RGBA"), "PNG"),
    "heat map on black": lambda: encoded(flattened("black"), "JPEG", quality=90),
    "heat map on white": lambda: encoded(flattened("white"), "PNG"),
    "over a radiograph": lambda: encoded(blended(), "PNG"),
    "over a radiograph, as JPEG": lambda: encoded(blended(), "JPEG", quality=85),
    "strong, over a radiograph": lambda: encoded(blended(strength=0.9), "PNG"),
    "weak, over a radiograph": lambda: encoded(blended(peak=0.7), "PNG"),
    "heat map as WebP": lambda: encoded(flattened("black"), "WEBP", quality=90),
}


@pytest.mark.parametrize("case", OWN)
def test_our_own_heat_map_is_refused(case: str) -> None:
    assert code_of(OWN[case]()) == "own-output"


@pytest.mark.parametrize("colour", ["yellow", "red", "#0cf", "#c040c0"])
def test_a_coloured_marker_is_none(colour: str) -> None:
    marked = Image.fromarray(GREY).convert("RGB")
    marked.paste(Image.blend(marked, Image.new("RGB", marked.size, colour), 0.5).crop((0, 0, 30, 30)), (5, 5))
    assert read_radiograph(encoded(marked, "PNG")).pixels.shape == GREY.shape


def page_of_text() -> np.ndarray:
    page = np.full((800, 600), 255, np.uint8)
    page[100:250, 100:250] = np.asarray(Image.fromarray(GREY).resize((150, 150)))
    for line in range(350, 760, 20):
        page[line : line + 6, 60:540:3] = np.arange(160) % 200
    return page


GATED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a page with a small radiograph": (lambda: encoded(Image.fromarray(page_of_text()), "PNG"), "document"),
    "black and white": (lambda: encoded(Image.fromarray(GREY).point(lambda v: 255 * (v > 120)), "PNG"), "few-levels"),
    "eight greys": (lambda: encoded(Image.fromarray(GREY & 0xE0), "PNG"), "few-levels"),
    "black and white, as JPEG": (
        lambda: encoded(Image.fromarray(GREY).resize((680, 760)).point(lambda v: 255 * (v > 120)), "JPEG", quality=95),
        "few-levels",
    ),
    "a chest": (lambda: encoded(Image.fromarray(GREY), "PNG"), ""),
}


@pytest.mark.parametrize("case", GATED)
def test_drawings_and_pages_are_refused(case: str) -> None:
    content, code = GATED[case]
    assert code_of(content()) == code


OTHERS: dict[str, tuple[bytes, str]] = {
    "HEIC": (b"\0\0\0\x18ftypheic" + bytes(40), "Export"),
    "PDF": (b"%PDF-1.7\n" + bytes(40), "Export"),
    "GIF": (encoded(Image.fromarray(GREY), "GIF"), "Export"),
    "NIfTI": (struct.pack("<i", 348) + bytes(340) + b"n+1\0" + bytes(100), "Export"),
    "JPEG 2000": (encoded(Image.fromarray(GREY), "JPEG2000"), "Export"),
    "gzip": (b"\x1f\x8b" + bytes(40), "Unpack"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "Unpack"),
    "RAR": (b"Rar!\x1a\x07" + bytes(40), "Unpack"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_kind_is_told_what_to_do(kind: str) -> None:
    content, advice = OTHERS[kind]
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(content)
    assert kind in str(refusal.value)
    assert advice in str(refusal.value)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "TIFF of two pages": (
        lambda: encoded(
            Image.fromarray(GREY), "TIFF", save_all=True, append_images=[Image.fromarray(GREY[::-1].copy())]
        ),
        "several-pictures",
    ),
    "animated WebP": (
        lambda: encoded(
            Image.fromarray(GREY), "WEBP", save_all=True, append_images=[Image.fromarray(GREY[::-1].copy())]
        ),
        "several-pictures",
    ),
    "TIFF of fractions": (lambda: encoded(Image.fromarray(GREY.astype(np.float32)), "TIFF"), "unknown-format"),
    "TIFF of 32 bits": (lambda: encoded(Image.fromarray(PIXELS.astype(np.int32) * 99999), "TIFF"), "unknown-format"),
    "BMP over 40 megapixels": (lambda: encoded(Image.new("1", (8000, 5001)), "BMP"), "too-many-pixels"),
    "half a TIFF": (lambda: encoded(Image.fromarray(GREY), "TIFF")[:9000], "damaged"),
    "half a WebP": (lambda: encoded(Image.fromarray(GREY), "WEBP")[:900], "damaged"),
    "half a BMP": (lambda: encoded(Image.fromarray(GREY), "BMP")[:9000], "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str) -> None:
    content, code = REFUSED[case]
    assert code_of(content()) == code
