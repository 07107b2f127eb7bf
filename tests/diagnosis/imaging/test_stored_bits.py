"""Which bits of a DICOM file's samples count: the picture is right, or it is refused; never another picture."""

from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from pydicom import uid

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from tests.diagnosis.imaging import dicom_files as make

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
TWELVE = {"BitsStored": 12, "HighBit": 11, **WINDOW}
SIGNED = {**TWELVE, "PixelRepresentation": 1, "RescaleIntercept": 2048, "RescaleSlope": 1}
EXPECTED = read_radiograph(make.dicom(PIXELS, **TWELVE)).pixels
PLAIN = uid.ExplicitVRLittleEndian

negative = PIXELS.astype(np.int32) - 2048
twos_complement_12 = (negative & 0xFFF).astype(np.uint16)
sign_extended = (negative & 0xFFFF).astype(np.uint16)
overlay = np.zeros_like(PIXELS)
overlay[40:60, 30:90] = 1


def jpeg_2000_signed(pixels: np.ndarray) -> bytes:
    """A lossless JPEG 2000 stream whose samples are signed, of the picture's own container."""
    return bytes(imagecodecs.jpeg2k_encode(pixels.view(np.int16), codecformat="j2k", reversible=True, level=0))


def packed(words: np.ndarray, syntax: str, encode: Callable[[np.ndarray], bytes], **tags: object) -> bytes:
    return make.compressed(words, syntax, encode, **tags)


RIGHT: dict[str, Callable[[], bytes]] = {
    "values in the upper bits": lambda: make.dicom(PIXELS << 4, BitsStored=12, HighBit=15, **WINDOW),
    "values two bits up": lambda: make.dicom(PIXELS << 2, BitsStored=12, HighBit=13, **WINDOW),
    "values in the upper bits, big-endian": lambda: make.dicom(
        PIXELS << 4, uid.ExplicitVRBigEndian, BitsStored=12, HighBit=15, **WINDOW
    ),
    "values in the upper bits, run-length": lambda: make.dicom(
        PIXELS << 4, uid.RLELossless, BitsStored=12, HighBit=15, **WINDOW
    ),
    "values in the upper bits, JPEG-LS": lambda: packed(
        PIXELS << 4, uid.JPEGLSLossless, make.jpeg_ls, BitsStored=12, HighBit=15, **WINDOW
    ),
    "overlay above": lambda: make.dicom(PIXELS | overlay << 12, **TWELVE),
    "overlays in four bits": lambda: make.dicom(PIXELS | overlay << 12 | overlay.T[:1, :1] << 15, **TWELVE),
    "overlay above, JPEG 2000": lambda: packed(PIXELS | overlay << 12, uid.JPEG2000, make.jpeg_2000, **TWELVE),
    "overlay below": lambda: make.dicom(PIXELS << 4 | overlay, BitsStored=12, HighBit=15, **WINDOW),
    "12-bit sign": lambda: make.dicom(twos_complement_12, **SIGNED),
    "sign extended to the word": lambda: make.dicom(sign_extended, **SIGNED),
    "12-bit sign, JPEG-LS": lambda: packed(twos_complement_12, uid.JPEGLSLossless, make.jpeg_ls, **SIGNED),
    "sign extended, JPEG-LS": lambda: packed(sign_extended, uid.JPEGLSLossless, make.jpeg_ls, **SIGNED),
    "12-bit sign, JPEG lossless": lambda: packed(twos_complement_12, uid.JPEGLossless, make.jpeg_lossless, **SIGNED),
    "sign in an unsigned JPEG 2000": lambda: packed(sign_extended, uid.JPEG2000, make.jpeg_2000, **SIGNED),
    "signed JPEG 2000": lambda: packed(sign_extended, uid.JPEG2000, jpeg_2000_signed, **SIGNED),
    "signed JPEG 2000 of unsigned values": lambda: packed(PIXELS, uid.JPEG2000Lossless, jpeg_2000_signed, **TWELVE),
    "no High Bit": lambda: make.dicom(PIXELS, **TWELVE | {"HighBit": None}),
    "12 bits that say 16": lambda: make.dicom(PIXELS, BitsStored=16, HighBit=15, **WINDOW),
    "JPEG lossless of 12 bits, 16 stored": lambda: packed(
        PIXELS, uid.JPEGLossless, make.jpeg_lossless, BitsStored=16, HighBit=15, **WINDOW
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_the_bits_that_count_are_shown(case: str) -> None:
    assert np.array_equal(read_radiograph(RIGHT[case]()).pixels, EXPECTED)


WRONG: dict[str, Callable[[], bytes]] = {
    "JPEG lossless of 12 bits, 10 stored": lambda: packed(
        PIXELS, uid.JPEGLosslessSV1, make.jpeg_lossless, BitsStored=10, HighBit=9, **WINDOW
    ),
    "12 bits under 10": lambda: make.dicom(PIXELS, BitsStored=10, HighBit=9, **WINDOW),
    "12 bits under 11": lambda: make.dicom(PIXELS, BitsStored=11, HighBit=10, **WINDOW),
    "JPEG 2000 of 12 bits under 10": lambda: packed(
        PIXELS, uid.JPEG2000, make.jpeg_2000, BitsStored=10, HighBit=9, **WINDOW
    ),
    "values in the lower bits, High Bit 15": lambda: make.dicom(PIXELS, BitsStored=12, HighBit=15, **WINDOW),
    "unsigned values called signed": lambda: make.dicom(PIXELS, **TWELVE | {"PixelRepresentation": 1}),
    "signed values called unsigned": lambda: make.dicom(twos_complement_12, **TWELVE),
    "High Bit below Bits Stored": lambda: make.dicom(PIXELS, BitsStored=12, HighBit=7, **WINDOW),
    "more stored than allocated": lambda: make.dicom(PIXELS, BitsStored=20, HighBit=19, **WINDOW),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_contradiction_is_refused(case: str) -> None:
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(WRONG[case]())
    assert refusal.value.code == "dicom-contradiction"


SYNTAXES = {
    PLAIN: None,
    uid.ImplicitVRLittleEndian: None,
    uid.ExplicitVRBigEndian: None,
    uid.RLELossless: None,
    uid.JPEGLSLossless: make.jpeg_ls,
    uid.JPEG2000Lossless: make.jpeg_2000,
    uid.JPEGLossless: make.jpeg_lossless,
}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_any_header_gives_the_picture_or_a_refusal(syntax: str) -> None:
    """Every combination of bits and sign around the same words: never another picture."""
    encode = SYNTAXES[uid.UID(syntax)]
    shown, bits = 0, (8, 9, 10, 11, 12, 13, 15, 16)
    for stored in bits:
        for high in (stored - 2, stored - 1, stored, 15):
            for is_signed in (0, 1):
                tags = {"BitsStored": stored, "HighBit": high, "PixelRepresentation": is_signed}
                content = packed(PIXELS, syntax, encode, **tags) if encode else make.dicom(PIXELS, syntax, **tags)
                try:
                    pixels = read_radiograph(content).pixels
                except RadiographRejected:
                    continue
                shown += 1
                assert np.corrcoef(pixels.ravel(), EXPECTED.ravel())[0, 1] > 0.99, tags
    assert shown >= 3
