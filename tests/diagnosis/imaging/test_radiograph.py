"""JPEG and PNG files as people, phones and attackers upload them, and files that are neither."""

import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.limits import MAX_FILE_BYTES, refuse_size
from diagnosis.imaging.radiograph import MAX_PIXELS, read_radiograph
from tests.diagnosis.imaging.dicom_files import chest_like
from tests.diagnosis.imaging.memory import peak_megabytes

# The site ignores Pillow's warnings; pytest would make errors of them.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

LEVELS = chest_like(256).astype(np.uint8)
GREY = Image.fromarray(LEVELS)
RGB = GREY.convert("RGB")


def encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, picture_format, **options)
    return stream.getvalue()


def refusal_of(content: bytes) -> RadiographRejected:
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(content)
    return refusal.value


def with_exif_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


# What is read


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
def test_it_reads_a_grey_picture_as_it_is(picture_format: str) -> None:
    content = encoded(GREY, picture_format)
    radiograph = read_radiograph(content)
    assert radiograph.format == picture_format
    assert (radiograph.pixels == np.asarray(Image.open(io.BytesIO(content)))).all()
    assert (radiograph.pixels.dtype, radiograph.pixels.shape) == (np.uint8, LEVELS.shape)
    assert radiograph.sha256 == hashlib.sha256(content).hexdigest()
    assert radiograph.dicom is None
    assert radiograph.colourfulness == 0


def test_the_pixels_are_read_only() -> None:
    pixels = read_radiograph(encoded(GREY, "PNG")).pixels
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 1


def grey_palette() -> Image.Image:
    picture = Image.fromarray(255 - LEVELS)
    picture = picture.convert("P")
    picture.putpalette([level for grey in range(255, -1, -1) for level in (grey, grey, grey)])
    return picture


def sixteen_bit_alpha() -> bytes:
    """A 16-bit grey PNG with an opaque alpha channel, which Pillow itself cannot write."""
    rows, columns = LEVELS.shape
    samples = np.full((rows, columns, 2), 65535, ">u2")
    samples[..., 0] = LEVELS.astype(np.uint16) * 257
    data = b"".join(b"\0" + row.tobytes() for row in samples)
    header = struct.pack(">2I5B", columns, rows, 16, 4, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


COATS: dict[str, Callable[[], bytes]] = {
    "RGB": lambda: encoded(RGB, "PNG"),
    "opaque RGBA": lambda: encoded(RGB.convert("RGBA"), "PNG"),
    "opaque LA": lambda: encoded(GREY.convert("LA"), "PNG"),
    "16-bit LA": sixteen_bit_alpha,
    "palette": lambda: encoded(grey_palette(), "PNG"),
    "palette with an unused transparent colour": lambda: encoded(grey_palette(), "PNG", transparency=0),
    "16-bit grey": lambda: encoded(Image.fromarray(LEVELS.astype(np.uint16) * 257), "PNG"),
    "16-bit grey that uses 12 bits": lambda: encoded(Image.fromarray(LEVELS.astype(np.uint16) * 16), "PNG"),
}


@pytest.mark.parametrize("coat", COATS)
def test_every_grey_mode_gives_equal_pixels(coat: str) -> None:
    radiograph = read_radiograph(COATS[coat]())
    if "16-bit" in coat:  # stretched, as everything of more than 8 bits is
        assert np.corrcoef(radiograph.pixels.ravel(), LEVELS.ravel())[0, 1] > 0.995
    else:
        assert (radiograph.pixels == LEVELS).all()
    assert radiograph.colourfulness == 0


def test_a_cmyk_jpeg_gives_nearly_the_same_pixels() -> None:
    radiograph = read_radiograph(encoded(RGB.convert("CMYK"), "JPEG", quality=98))
    assert abs(radiograph.pixels.astype(int) - LEVELS).mean() < 2
    assert radiograph.colourfulness < 3


def test_black_and_white_stays_so() -> None:
    pixels = read_radiograph(encoded(GREY.convert("1"), "PNG")).pixels
    assert set(np.unique(pixels)) == {0, 255}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
def test_a_rotated_picture_is_upright(picture_format: str, orientation: int) -> None:
    upright = encoded(GREY, "PNG")
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = GREY.transpose(undo[orientation]) if orientation > 1 else GREY
    content = encoded(stored, picture_format, exif=with_exif_orientation(orientation))
    difference = read_radiograph(content).pixels.astype(int) - read_radiograph(upright).pixels
    assert abs(difference).mean() < (0.01 if picture_format == "PNG" else 3)


def test_a_rotated_16_bit_picture_is_upright() -> None:
    stored = LEVELS.astype(np.uint16) * 257
    turned = encoded(Image.fromarray(stored.T.copy()), "PNG", exif=with_exif_orientation(5))
    expected = read_radiograph(encoded(Image.fromarray(stored), "PNG")).pixels
    assert (read_radiograph(turned).pixels == expected).all()


def test_unreadable_exif_is_ignored() -> None:
    content = encoded(GREY, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    assert read_radiograph(content).pixels.shape == LEVELS.shape


def test_a_16_bit_ramp_stays_a_ramp() -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    shown = read_radiograph(encoded(Image.fromarray(ramp), "PNG")).pixels.ravel().astype(int)
    assert (np.diff(shown) >= 0).all()
    assert np.bincount(shown, minlength=256).min() >= 128


def test_what_is_transparent_is_black() -> None:
    picture = RGB.convert("RGBA")
    picture.putalpha(Image.fromarray(np.where(np.arange(LEVELS.shape[1]) < 50, 0, np.full_like(LEVELS, 255))))
    pixels = read_radiograph(encoded(picture, "PNG")).pixels
    assert (pixels[:, :50] == 0).all()
    assert (pixels[:, 50:] == LEVELS[:, 50:]).all()


def test_colourfulness_is_the_mean_spread() -> None:
    colours = np.zeros((100, 100, 3), np.uint8)
    colours[:50] = 200, 150, 100
    assert read_radiograph(encoded(Image.fromarray(colours), "PNG")).colourfulness == pytest.approx(50)


def test_it_reads_the_originals_that_people_upload(shared_data: Path) -> None:
    originals = [path for path in (shared_data / "originals").rglob("*") if path.is_file()]
    assert len(originals) == 24
    for path in originals:
        with Image.open(path) as image:
            size = image.height, image.width
        assert read_radiograph(path.read_bytes()).pixels.shape == size


# What is refused


def animated(picture_format: str) -> bytes:
    return encoded(RGB, picture_format, save_all=True, append_images=[RGB.transpose(Image.Transpose.ROTATE_180)])


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\nshowpage\n"
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "one byte too many": (lambda: encoded(GREY, "PNG").ljust(MAX_FILE_BYTES + 1, b"\0"), "too-large"),
    "text": (lambda: b"not a picture at all", "unknown-format"),
    "HTML": (lambda: b"<html><script>alert(1)</script></html>", "unknown-format"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unknown-format"),
    "PostScript": (lambda: POSTSCRIPT, "unknown-format"),
    "PDF": (lambda: encoded(RGB, "PDF"), "unknown-format"),
    "GIF": (lambda: encoded(GREY, "GIF"), "unknown-format"),
    "JPEG 2000 outside DICOM": (lambda: encoded(GREY, "JPEG2000"), "unknown-format"),
    "a zip": (lambda: b"PK\3\4" + bytes(300), "unknown-format"),
    "PostScript behind a JPEG's first bytes": (lambda: b"\xff\xd8\xff" + POSTSCRIPT, "damaged"),
    "an animated PNG": (lambda: animated("PNG"), "several-pictures"),
    "several JPEGs in one": (lambda: animated("MPO"), "several-pictures"),
    "just over 40 megapixels": (
        lambda: encoded(Image.new("1", (8000, MAX_PIXELS // 8000 + 1)), "PNG"),
        "too-many-pixels",
    ),
    "a PNG whose pixels were changed": (lambda: altered(encoded(GREY, "PNG")), "damaged"),
    "a PNG without pixels": (lambda: encoded(GREY, "PNG")[:33] + bytes(12), "damaged"),
}


def altered(png: bytes) -> bytes:
    start = png.index(b"IDAT") + 40
    return png[:start] + bytes([png[start] ^ 1]) + png[start + 1 :]


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str) -> None:
    content, code = REFUSED[case]
    refusal = refusal_of(content())
    assert refusal.code == code
    assert str(refusal).endswith(".")


def test_an_empty_or_too_large_file_is_told_what_to_do() -> None:
    assert str(refusal_of(b"")) == "This file is empty. Export it again from the device or the archive, then upload it."
    with pytest.raises(RadiographRejected, match=r"larger than 50 MB\. Export it smaller"):
        refuse_size(MAX_FILE_BYTES + 1)
    refuse_size(MAX_FILE_BYTES)


def test_a_picture_of_exactly_40_megapixels_is_read() -> None:
    pixels = read_radiograph(encoded(Image.new("1", (8000, MAX_PIXELS // 8000)), "PNG")).pixels
    assert pixels.size == MAX_PIXELS


CUT = {
    "JPEG": encoded(GREY, "JPEG"),
    "colour JPEG": encoded(RGB, "JPEG"),
    "progressive JPEG": encoded(GREY, "JPEG", progressive=True),
    "PNG": encoded(GREY, "PNG"),
    "16-bit PNG": encoded(Image.fromarray(LEVELS.astype(np.uint16) * 257), "PNG"),
}


@pytest.mark.parametrize("coat", CUT)
@pytest.mark.parametrize("tenths", range(10))
def test_it_refuses_a_file_cut_off_at_any_tenth(coat: str, tenths: int) -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    refusal_of(CUT[coat][: len(CUT[coat]) * tenths // 10])


def test_a_png_with_one_byte_changed() -> None:
    """A png with any one byte changed is refused or shows the same."""
    content = encoded(GREY.crop((40, 40, 80, 80)), "PNG")
    whole = read_radiograph(content).pixels
    for position in range(len(content)):
        try:
            radiograph = read_radiograph(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        except RadiographRejected:
            continue
        assert np.array_equal(radiograph.pixels, whole)


@pytest.mark.parametrize("coat", CUT)
def test_damaged_bytes_never_crash(coat: str) -> None:
    random = np.random.default_rng(21)
    for _ in range(200):
        damaged = bytearray(CUT[coat])
        near = len(damaged) if random.random() < 0.5 else 700
        for position in random.integers(0, near, random.choice([1, 3, 12])):
            damaged[position] = int(random.integers(256))
        try:
            read_radiograph(bytes(damaged))
        except RadiographRejected as refusal:
            assert str(refusal)  # noqa: PT017


# Bombs


def pixel_bomb() -> bytes:
    """144 megapixels in 18 kB."""
    return encoded(Image.new("1", (12000, 12000)), "PNG")


def text_bomb() -> bytes:
    """A caption that unpacks to 100 MB."""
    info = PngInfo()
    info.add_text("Comment", "x" * 100_000_000, zip=True)
    return encoded(GREY, "PNG", pnginfo=info)


def test_it_refuses_a_pixel_bomb_with_little_memory() -> None:
    outcome, megabytes = peak_megabytes(pixel_bomb())
    assert outcome == "too-many-pixels"
    assert megabytes < 20


def test_it_refuses_a_text_bomb_with_little_memory() -> None:
    outcome, megabytes = peak_megabytes(text_bomb())
    assert outcome == "damaged"
    assert megabytes < 30


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan is repeated: each time the decoder goes over all pixels again."""
    plain = encoded(Image.new("L", (2000, 2000), 77), "JPEG", progressive=True)
    last_scan = plain[plain.rindex(b"\xff\xda") : -2]
    return plain[:-2] + last_scan * 1000 + b"\xff\xd9"


def test_it_refuses_a_slow_jpeg() -> None:
    assert refusal_of(scan_bomb()).code == "many-scans"


def test_the_largest_picture_takes_bounded_memory() -> None:
    largest = Image.new("RGB", (8000, MAX_PIXELS // 8000), (10, 20, 30))
    outcome, megabytes = peak_megabytes(encoded(largest, "JPEG", exif=with_exif_orientation(6)))
    assert outcome == "read"
    assert megabytes < 400
