"""DICOM files that are no radiograph, damaged, or made to harm."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import MAX_PIXELS, read_radiograph
from tests.diagnosis.imaging import dicom_files as make
from tests.diagnosis.imaging.memory import peak_megabytes

# The site ignores pydicom's warnings; pytest would make errors of them.
pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()
EIGHT = (PIXELS >> 4).astype(np.uint8)


def refusal_of(content: bytes) -> RadiographRejected:
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(content)
    return refusal.value


# What is refused


def with_jpeg_2000_size(rows: int, columns: int) -> bytes:
    def encode(pixels: np.ndarray) -> bytes:
        stream = bytearray(make.jpeg_2000(pixels))
        struct.pack_into(">2I", stream, 8, columns, rows)
        struct.pack_into(">2I", stream, 24, columns, rows)
        return bytes(stream)

    return make.compressed(PIXELS, uid.JPEG2000Lossless, encode)


def with_jpeg_height(rows: int) -> bytes:
    def encode(pixels: np.ndarray) -> bytes:
        stream = bytearray(make.jpeg_lossless(pixels))
        struct.pack_into(">H", stream, stream.index(b"\xff\xc3") + 5, rows)
        return bytes(stream)

    return make.compressed(PIXELS, uid.JPEGLossless, encode)


def deflated(size: int) -> bytes:
    plain = make.dicom(PIXELS)
    start = plain.index(b"1.2.840.10008.1.2.1\0")
    meta = plain[:start].replace(b"UI\x14\x00", b"UI\x16\x00") + b"1.2.840.10008.1.2.1.99"
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return meta + squeezer.compress(bytes(size)) + squeezer.flush()


REFUSED = {
    "a CT slice": (make.dicom(PIXELS, SOPClassUID=uid.CTImageStorage), "dicom-object"),
    "an MR slice": (make.dicom(PIXELS, SOPClassUID=uid.MRImageStorage), "dicom-object"),
    "an ultrasound": (make.dicom(PIXELS, SOPClassUID=uid.UltrasoundImageStorage), "dicom-object"),
    "a mammogram": (make.dicom(PIXELS, SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2"), "dicom-object"),
    "an unknown kind": (make.dicom(PIXELS, SOPClassUID="1.2.3.4"), "dicom-object"),
    "no kind at all": (make.dicom(PIXELS, SOPClassUID=None), "dicom-object"),
    "no pixels": (make.dicom(PIXELS, PixelData=None), "dicom-no-picture"),
    "several frames": (make.dicom(np.vstack([PIXELS] * 2), NumberOfFrames=2, Rows=make.ROWS), "several-pictures"),
    "a size of 65535 x 65535": (make.dicom(PIXELS, Rows=65535, Columns=65535), "too-many-pixels"),
    "a size a little over the cap": (make.dicom(PIXELS, Rows=5000, Columns=MAX_PIXELS // 5000 + 1), "too-many-pixels"),
    "a size of nothing": (make.dicom(PIXELS, Rows=0), "damaged"),
    "no size": (make.dicom(PIXELS, Rows=None), "damaged"),
    "fewer pixels than it says": (make.dicom(PIXELS, Rows=make.ROWS + 1), "damaged"),
    "32 bits per pixel": (make.dicom(PIXELS, BitsAllocated=32), "dicom-layout"),
    "1 bit per pixel": (make.dicom(PIXELS, BitsAllocated=1, BitsStored=1), "dicom-layout"),
    "two samples per pixel": (make.dicom(PIXELS, SamplesPerPixel=2), "dicom-layout"),
    "an unknown colour model": (make.dicom(PIXELS, PhotometricInterpretation="HSV"), "dicom-layout"),
    "a deflated file": (deflated(1000), "dicom-transfer-syntax"),
    "a film in MPEG-4": (make.compressed(PIXELS, uid.MPEG4HP41, make.jpeg_2000), "dicom-transfer-syntax"),
    "a private compression": (
        make.dicom(PIXELS).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.1.2.1\0"),
        "dicom-transfer-syntax",
    ),
    "JPEG 2000 of another size": (with_jpeg_2000_size(make.ROWS * 2, make.COLUMNS), "dicom-contradiction"),
    "JPEG 2000 of 60000 x 60000": (with_jpeg_2000_size(60000, 60000), "dicom-contradiction"),
    "JPEG of 65535 rows": (with_jpeg_height(65535), "dicom-contradiction"),
    "JPEG of no height": (with_jpeg_height(0), "dicom-contradiction"),
    "JPEG that is called JPEG lossless": (make.compressed(EIGHT, uid.JPEGLossless, make.jpeg), "dicom-contradiction"),
    "JPEG 2000 of 16 bits in 8": (
        make.compressed(PIXELS, uid.JPEG2000, make.jpeg_2000, BitsAllocated=8, BitsStored=8, HighBit=7),
        "dicom-contradiction",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str) -> None:
    content, code = REFUSED[case]
    refusal = refusal_of(content)
    assert refusal.code == code
    assert str(refusal).endswith(".")


@pytest.mark.parametrize("disguise", [b"MZ\x90\0", b"\x7fELF", b"#!/bin/sh\n", b"<html>", b"%PDF-1.7", b"PK\3\4"])
def test_it_refuses_a_polyglot_file(disguise: bytes) -> None:
    content = make.dicom(PIXELS)
    assert refusal_of(disguise.ljust(128, b"\0") + content[128:]).code == "dicom-preamble"


def test_it_accepts_a_tiff_header() -> None:
    content = make.dicom(PIXELS)
    tiff = b"II*\0\x08\0\0\0".ljust(128, b"\0")
    assert read_radiograph(tiff + content[128:]).pixels.shape == PIXELS.shape


TRUNCATED = {
    "uncompressed": make.dicom(PIXELS),
    "RLE": make.dicom(PIXELS, uid.RLELossless),
    "JPEG": make.compressed(EIGHT, uid.JPEGBaseline8Bit, make.jpeg),
    "JPEG lossless": make.compressed(PIXELS, uid.JPEGLossless, make.jpeg_lossless),
    "JPEG-LS": make.compressed(PIXELS, uid.JPEGLSLossless, make.jpeg_ls),
    "JPEG 2000": make.compressed(PIXELS, uid.JPEG2000, make.jpeg_2000),
}


@pytest.mark.parametrize("coat", TRUNCATED)
@pytest.mark.parametrize("tenths", range(10))
def test_it_refuses_a_file_cut_off_at_any_tenth(coat: str, tenths: int) -> None:
    whole = TRUNCATED[coat]
    refusal_of(whole[: len(whole) * tenths // 10])


FRAMES = {
    "JPEG": (EIGHT, uid.JPEGBaseline8Bit, make.jpeg),
    "JPEG lossless": (PIXELS, uid.JPEGLossless, make.jpeg_lossless),
    "JPEG-LS": (PIXELS, uid.JPEGLSLossless, make.jpeg_ls),
    "JPEG 2000": (PIXELS, uid.JPEG2000, make.jpeg_2000),
}


@pytest.mark.parametrize("coat", FRAMES)
def test_it_refuses_a_truncated_frame(coat: str) -> None:
    """It refuses a compressed picture cut off inside a whole file."""
    pixels, syntax, encode = FRAMES[coat]
    half = encode(pixels)[: len(encode(pixels)) // 2]
    assert refusal_of(make.compressed(pixels, syntax, lambda _: half)).code == "damaged"


# Bombs


def rle_bomb() -> bytes:
    """Two segments of 8 MB that ask for 1 GB: 64 bytes of picture for each byte of file."""
    segment = b"\x81\x00" * 4_000_000
    frame = struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13) + segment * 2
    return make.compressed(PIXELS, uid.RLELossless, lambda _: frame)


def many_elements() -> bytes:
    """Half a million empty private elements, nested in a sequence of undefined length, before the picture."""
    nested = struct.pack("<HH2sHI", 0x0009, 0x1010, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 2**32 - 1
    )
    content = make.dicom(PIXELS)
    start = content.index(struct.pack("<HH2s", 0x0008, 0x0016, b"UI"))
    return (
        content[:start]
        + nested
        + b"".join(
            struct.pack("<HH2sH", 0x0011 + 2 * (index // 60000), 0x1000 + index % 60000, b"LO", 0)
            for index in range(500_000)
        )
    )


def deep_nesting() -> bytes:
    level = struct.pack("<HH2sHI", 0x0009, 0x1010, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 2**32 - 1
    )
    content = make.dicom(PIXELS)
    start = content.index(struct.pack("<HH2s", 0x0008, 0x0016, b"UI"))
    return content[:start] + level * 100_000


def many_values() -> bytes:
    """A window with five million centres; each would be an object."""
    content = make.dicom(PIXELS, WindowCenter=1, WindowWidth=1)
    element = struct.pack("<HH2sH", 0x0028, 0x1050, b"DS", 4) + b"1.0 "
    numbers = b"1\\" * 5_000_000
    return content.replace(element, struct.pack("<HH2sHI", 0x0028, 0x1050, b"UN", 0, len(numbers)) + numbers)


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (lambda: deflated(200_000_000), "dicom-transfer-syntax"),
        (many_elements, "dicom-elements"),
        (many_values, "dicom-elements"),
        (deep_nesting, "damaged"),
    ],
    ids=["deflated to 200 MB", "half a million elements", "5 million values", "sequences 100,000 deep"],
)
def test_it_refuses_a_bomb_with_little_memory(bomb: Callable[[], bytes], code: str) -> None:
    outcome, megabytes = peak_megabytes(bomb())
    assert outcome == code
    assert megabytes < 150


def test_a_run_length_bomb_stays_in_memory() -> None:
    """A run length bomb takes no more memory than the picture it claims."""
    bomb = rle_bomb()
    assert len(bomb) > 16_000_000
    _, megabytes = peak_megabytes(bomb)
    assert megabytes < 100


# Whatever comes


def everything_pydicom_has(dicom_samples: Path) -> list[Path]:
    import pydicom

    own = Path(pydicom.__file__).parent / "data" / "test_files"
    return sorted(path for folder in (own, dicom_samples) for path in folder.rglob("*") if path.is_file())


def test_pydicoms_own_files_never_crash(dicom_samples: Path) -> None:
    """Every file of pydicom's own tests is read or refused and so is every tenth of it."""
    files = everything_pydicom_has(dicom_samples)
    assert len(files) > 150
    accepted = set()
    for path in files:
        whole = path.read_bytes()
        for content in [whole, *(whole[: len(whole) * tenths // 10] for tenths in range(1, 10))]:
            try:
                radiograph = read_radiograph(content)
            except RadiographRejected:
                continue
            assert radiograph.pixels.size <= MAX_PIXELS
            accepted.add(path.name)
    assert {"RG1_UNCR.dcm", "RG1_J2KI.dcm", "RG3_UNCI.dcm", "SC_rgb_rle.dcm", "JPGExtended.dcm"} <= accepted
    assert not {name for name in accepted if name.startswith(("CT", "MR", "US", "rt", "liver", "emri", "color3d"))}


@pytest.mark.parametrize("coat", TRUNCATED)
def test_damaged_bytes_never_crash(coat: str) -> None:
    whole = TRUNCATED[coat]
    random = np.random.default_rng(20)
    for _ in range(120):
        damaged = bytearray(whole)
        near = len(whole) if random.random() < 0.5 else 1200
        for position in random.integers(132, near, random.choice([1, 3, 12])):
            damaged[position] ^= 1 << int(random.integers(8))
        try:
            read_radiograph(bytes(damaged))
        except RadiographRejected as refusal:
            assert str(refusal)  # noqa: PT017
