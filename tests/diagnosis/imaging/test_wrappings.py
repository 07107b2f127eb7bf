"""Sound DICOM pictures in odd wrappings: without a header, with padding, odd offset tables, large private sequences."""

import struct
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.radiograph import read_radiograph
from tests.diagnosis.imaging import dicom_files as make

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()
EIGHT = (PIXELS >> 4).astype(np.uint8)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
EXPECTED = read_radiograph(make.dicom(PIXELS, **WINDOW)).pixels
JPEG_WINDOW = {"WindowCenter": 128, "WindowWidth": 256}


def data_set(content: bytes) -> bytes:
    """The file without preamble and file meta information."""
    return content[content.index(struct.pack("<2H", 0x0008, 0x0016)) :]


def big_endian_data_set() -> bytes:
    content = make.dicom(PIXELS, uid.ExplicitVRBigEndian, **WINDOW)
    return content[content.index(struct.pack(">2H", 0x0008, 0x0016)) :]


def psot_zero(pixels: np.ndarray) -> bytes:
    """JPEG 2000 whose only tile part has no length: it goes on to the end of the stream (T.800 A.4.2)."""
    stream = bytearray(make.jpeg_2000(pixels))
    struct.pack_into(">I", stream, stream.index(b"\xff\x90") + 6, 0)
    return bytes(stream)


def ended_with(encode: Callable[[np.ndarray], bytes], padding: bytes) -> Callable[[np.ndarray], bytes]:
    return lambda pixels: encode(pixels) + padding


def with_offset_table(table: bytes, *, fragments: int) -> bytes:
    dataset = make.dataset_of(PIXELS, **WINDOW)
    stream = make.jpeg_ls(PIXELS)
    size = -(-len(stream) // fragments // 2) * 2
    parts = [stream[start : start + size] for start in range(0, len(stream), size)]
    items = b"".join(
        struct.pack("<2HL", 0xFFFE, 0xE000, len(part) + len(part) % 2) + part + b"\0" * (len(part) % 2)
        for part in parts
    )
    dataset.PixelData = struct.pack("<2HL", 0xFFFE, 0xE000, len(table)) + table + items
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    return make.written(dataset, uid.JPEGLSLossless)


def private_sequence(size: int) -> bytes:
    dataset = make.dataset_of(PIXELS, **WINDOW)
    inner = Dataset()
    inner.add_new(0x00091001, "LO", "VENDOR")
    inner.add_new(0x00091002, "OB", bytes(size))
    dataset.add_new(0x00090010, "LO", "VENDOR")
    dataset.add_new(0x00091010, "SQ", Sequence([inner]))
    dataset[0x00091010].is_undefined_length = True
    return make.written(dataset, uid.ExplicitVRLittleEndian)


READ: dict[str, Callable[[], bytes]] = {
    "explicit data set alone": lambda: data_set(make.dicom(PIXELS, **WINDOW)),
    "implicit data set alone": lambda: data_set(make.dicom(PIXELS, uid.ImplicitVRLittleEndian, **WINDOW)),
    "big-endian data set alone": big_endian_data_set,
    "JPEG-LS data set alone": lambda: data_set(make.compressed(PIXELS, uid.JPEGLSLossless, make.jpeg_ls, **WINDOW)),
    "JPEG 2000 data set alone": lambda: data_set(make.compressed(PIXELS, uid.JPEG2000, make.jpeg_2000, **WINDOW)),
    "no preamble": lambda: make.dicom(PIXELS, **WINDOW)[128:],
    "meta information alone": lambda: make.dicom(PIXELS, **WINDOW)[132:],
    "a preamble with a vendor's name": lambda: b"VENDOR PACS 3.1".ljust(128) + make.dicom(PIXELS, **WINDOW)[128:],
    "a preamble of ones": lambda: b"\xff" * 128 + make.dicom(PIXELS, **WINDOW)[128:],
    "a private sequence of 2 MB": lambda: private_sequence(2_000_000),
    "an offset table of nonsense": lambda: with_offset_table(struct.pack("<L", 12345), fragments=1),
    "an entry for each fragment": lambda: with_offset_table(struct.pack("<3L", 0, 100, 200), fragments=3),
    "fragments without a table": lambda: with_offset_table(b"", fragments=4),
    "JPEG 2000 without length": lambda: make.compressed(PIXELS, uid.JPEG2000, psot_zero, **WINDOW),
    "JPEG 2000 without length, padded": lambda: make.compressed(
        PIXELS, uid.JPEG2000, ended_with(psot_zero, b"\0"), **WINDOW
    ),
    "JPEG lossless with ten bytes behind": lambda: make.compressed(
        PIXELS, uid.JPEGLossless, ended_with(make.jpeg_lossless, b"\0" * 10), **WINDOW
    ),
    "JPEG-LS with blanks behind": lambda: make.compressed(
        PIXELS, uid.JPEGLSLossless, ended_with(make.jpeg_ls, b" " * 5), **WINDOW
    ),
    "JPEG with four bytes behind": lambda: make.compressed(
        EIGHT, uid.JPEGBaseline8Bit, ended_with(make.jpeg, b"\0\0\0\0"), **JPEG_WINDOW
    ),
    "8-bit JPEG in 16 allocated": lambda: make.compressed(
        EIGHT, uid.JPEGBaseline8Bit, make.jpeg, BitsAllocated=16, BitsStored=8, HighBit=7, **JPEG_WINDOW
    ),
    "8-bit JPEG in 16 allocated, 12 stored": lambda: make.compressed(
        EIGHT, uid.JPEGBaseline8Bit, make.jpeg, BitsAllocated=16, BitsStored=12, HighBit=11, **WINDOW
    ),
}


@pytest.mark.parametrize("case", READ)
def test_the_picture_is_right(case: str) -> None:
    pixels = read_radiograph(READ[case]()).pixels
    assert np.corrcoef(pixels.ravel(), EXPECTED.ravel())[0, 1] > 0.99


def test_a_missing_header_is_noted() -> None:
    assert read_radiograph(READ["implicit data set alone"]()).notes == (ReadingNote.NO_HEADER,)


@pytest.mark.parametrize("start", [b"MZ", b"\x7fELF", b"#!/bin/sh", b"  <script>", b"PK\3\4", b"junk %PDF-1.4"])
def test_a_program_in_the_preamble_is_refused(start: bytes) -> None:
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(start.ljust(128, b"\0") + make.dicom(PIXELS)[128:])
    assert refusal.value.code == "dicom-preamble"


def palette(tables: dict[str, bytes], *, is_segmented: bool, bits: int = 16, entries: int = 256) -> dict[str, object]:
    kind = "Segmented" if is_segmented else ""
    names = ("Red", "Green", "Blue")
    tags: dict[str, object] = {f"{name}PaletteColorLookupTableDescriptor": [entries, 0, bits] for name in names}
    tags |= {f"{kind}{name}PaletteColorLookupTableData": tables["all"] for name in names}
    return tags | {
        "PhotometricInterpretation": "PALETTE COLOR",
        "SOPClassUID": uid.SecondaryCaptureImageStorage,
        "Modality": "OT",
    }


LINE = struct.pack("<9H", 0, 1, 0, 1, 127, 127 * 257, 1, 128, 65535)
"""One value, then two straight lines to white."""
PALETTES = {
    "plain": ((np.arange(256) * 257).astype("<u2").tobytes(), False, 16),
    "packed bytes": (np.arange(256).astype(np.uint8).tobytes(), False, 8),
    "segmented": (LINE, True, 16),
}


@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_gives_the_grey_picture(name: str) -> None:
    data, is_segmented, bits = PALETTES[name]
    content = make.dicom(EIGHT, **palette({"all": data}, is_segmented=is_segmented, bits=bits))
    assert abs(read_radiograph(content).pixels.astype(int) - EIGHT).max() <= 1


def test_a_big_endian_palette_gives_the_grey_picture() -> None:
    data = (np.arange(256) * 257).astype(">u2").tobytes()
    tags = palette({"all": data}, is_segmented=False)
    content = make.dicom(EIGHT, uid.ExplicitVRBigEndian, PixelData=EIGHT.tobytes(), **tags)  # bytes and no words
    assert abs(read_radiograph(content).pixels.astype(int) - EIGHT).max() <= 1


def test_several_frames_are_still_refused() -> None:
    stream = bytes(imagecodecs.jpegls_encode(PIXELS))
    dataset = make.dataset_of(PIXELS, NumberOfFrames=2)
    dataset.PixelData = encapsulate([stream, stream])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(make.written(dataset, uid.JPEGLSLossless))
    assert refusal.value.code == "several-pictures"
