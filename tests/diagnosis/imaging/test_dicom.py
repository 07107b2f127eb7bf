"""DICOM files as archives, other machines and attackers hand them over."""

import logging
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.preprocessing import preprocess
from tests.diagnosis.imaging import dicom_files as make

# The site ignores pydicom's warnings; pytest would make errors of them.
pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()
TWELVE_BITS = {"BitsStored": 12, "HighBit": 11}
WINDOW = {"WindowCenter": 1800, "WindowWidth": 3000}


def shown(content: bytes) -> np.ndarray:
    return read_radiograph(content).pixels


def network_input(content: bytes) -> np.ndarray:
    return preprocess(shown(content), Preprocessing(equalise=True))


# A real radiograph


def test_a_real_chest_keeps_its_tags(dicom_samples: Path) -> None:
    radiograph = read_radiograph((dicom_samples / "RG1_UNCR.dcm").read_bytes())
    details = radiograph.dicom
    assert radiograph.format == "DICOM"
    assert radiograph.pixels.shape == (1955, 1841)
    assert radiograph.pixels.dtype == np.uint8
    assert details is not None
    assert (details.modality, details.body_part, details.view_position) == ("CR", "CHEST", "PA")
    assert (details.patient_name, details.patient_birth_date) == ("CompressedSamples RG1", date(1940, 3, 5))
    assert (details.study_date, details.photometric_interpretation) == (date(2004, 8, 26), "MONOCHROME1")


def test_monochrome1_shows_lungs_dark(dicom_samples: Path) -> None:
    """It shows the heart bright and the lungs dark on a monochrome1 radiograph."""
    pixels = shown((dicom_samples / "RG1_UNCR.dcm").read_bytes())
    height, width = pixels.shape
    spine = pixels[height // 2 : height * 3 // 4, width * 47 // 100 : width * 53 // 100].mean()
    lung = pixels[height // 3 : height // 2, width // 4 : width // 3].mean()
    assert spine > lung + 20


def test_jpeg_2000_gives_the_same_input(dicom_samples: Path) -> None:
    """A jpeg 2000 copy of a real radiograph gives the same input."""
    original = network_input((dicom_samples / "RG1_UNCR.dcm").read_bytes())
    lossless = network_input((dicom_samples / "RG1_J2KR.dcm").read_bytes())
    lossy = network_input((dicom_samples / "RG1_J2KI.dcm").read_bytes())
    assert (lossless == original).all()
    assert abs(lossy - original).mean() < 1.0


# Twins: the same picture in another coat


@pytest.mark.parametrize("syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
def test_another_encoding_gives_the_same_pixels(syntax: str) -> None:
    assert (shown(make.dicom(PIXELS, syntax)) == shown(make.dicom(PIXELS))).all()


LOSSLESS = {
    uid.JPEGLossless: make.jpeg_lossless,
    uid.JPEGLosslessSV1: make.jpeg_lossless,
    uid.JPEGLSLossless: make.jpeg_ls,
    uid.JPEG2000Lossless: make.jpeg_2000,
    uid.JPEG2000: make.jpeg_2000,
}


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_compression_gives_the_same_pixels(syntax: str) -> None:
    twin = make.compressed(PIXELS, syntax, LOSSLESS[uid.UID(syntax)])
    assert (shown(twin) == shown(make.dicom(PIXELS))).all()


LOSSY = {
    uid.JPEGBaseline8Bit: (make.jpeg, 8),
    uid.JPEGExtended12Bit: (make.jpeg_12_bit, 12),
    uid.JPEGLSNearLossless: (make.jpeg_ls_near_lossless, 12),
    uid.JPEG2000: (make.jpeg_2000_lossy, 12),
}


@pytest.mark.parametrize("syntax", LOSSY)
def test_lossy_compression_is_close(syntax: str) -> None:
    encode, bits = LOSSY[uid.UID(syntax)]
    stored = (PIXELS >> 4).astype(np.uint8) if bits == 8 else PIXELS
    window = {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2**bits}
    difference = shown(make.compressed(stored, syntax, encode, **window)).astype(int) - shown(
        make.dicom(stored, **window)
    )
    assert abs(difference).mean() < 4.0


def test_monochrome_twins_are_equal() -> None:
    inverted = (4095 - PIXELS).astype(np.uint16)
    twin = make.dicom(inverted, PhotometricInterpretation="MONOCHROME1", WindowCenter=2048, WindowWidth=4096)
    original = make.dicom(PIXELS, WindowCenter=2048, WindowWidth=4096)
    assert abs(network_input(twin) - network_input(original)).max() <= 1
    assert abs(shown(twin).astype(int) - shown(original)).max() <= 1


def test_signed_values_with_a_rescale() -> None:
    signed = (PIXELS.astype(int) - 2048).astype(np.int16)
    rescale = {"RescaleSlope": 1, "RescaleIntercept": 2048}
    original = shown(make.dicom(PIXELS, **WINDOW))
    assert (shown(make.dicom(signed, **TWELVE_BITS, **rescale, **WINDOW)) == original).all()
    unsigned_codes = make.compressed(
        signed,
        uid.JPEGLosslessSV1,
        lambda pixels: make.jpeg_lossless((pixels & 0xFFF).astype(np.uint16)),
        **TWELVE_BITS,
        **rescale,
        **WINDOW,
    )
    assert (shown(unsigned_codes) == original).all()


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_a_modality_table_is_applied(syntax: str) -> None:
    """A modality table gives the same pixels as the values it makes."""
    table = make.lookup_table(np.arange(4095, -1, -1))
    swapped = (4095 - PIXELS).astype(np.uint16)
    twin = make.dicom(swapped, syntax, ModalityLUTSequence=table, **WINDOW)
    assert (shown(twin) == shown(make.dicom(PIXELS, **WINDOW))).all()


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_a_display_table_precedes_a_window(syntax: str) -> None:
    table = make.lookup_table(np.minimum(np.arange(2000) * 2, 4095), first=1000)
    expected = np.rint((2 * (PIXELS.clip(1000, 2999).astype(float) - 1000)).clip(0, 4095) / 4095 * 255)
    assert (shown(make.dicom(PIXELS, syntax, VOILUTSequence=table, **WINDOW)) == expected).all()


# Grey scale


def test_a_window_is_applied_as_the_standard_says() -> None:
    ramp = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
    linear = shown(make.dicom(ramp, WindowCenter=2048, WindowWidth=1001)).ravel()
    assert (linear[:1548] == 0).all()
    assert (linear[2548:] == 255).all()
    assert abs(int(linear[2048]) - 128) <= 1
    sigmoid = shown(make.dicom(ramp, WindowCenter=2048, WindowWidth=1000, VOILUTFunction="SIGMOID")).ravel()
    assert abs(int(sigmoid[2048 + 250]) - round(255 / (1 + np.exp(-1)))) <= 1


def test_the_first_of_several_windows_counts() -> None:
    several = make.dicom(PIXELS, WindowCenter=[1800, 500], WindowWidth=[3000, 100])
    assert (shown(several) == shown(make.dicom(PIXELS, **WINDOW))).all()


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2000}, {"WindowCenter": 2000, "WindowWidth": 0}])
def test_no_usable_window_shows_the_range(window: dict) -> None:
    """Without a usable window the whole range is shown and a marker does not flatten it."""
    marked = PIXELS.copy()
    marked[:5, :5] = 65535
    pixels = shown(make.dicom(marked, BitsStored=16, HighBit=15, **window))
    assert pixels.std() > 50
    assert pixels[0, 0] == 255


def test_padding_is_black_either_way() -> None:
    padded = PIXELS.copy()
    padded[:, :20] = 4000
    padded[:, -20:] = 3990
    for interpretation in ("MONOCHROME1", "MONOCHROME2"):
        pixels = shown(
            make.dicom(
                padded,
                uid.ImplicitVRLittleEndian,
                PhotometricInterpretation=interpretation,
                PixelPaddingValue=4000,
                PixelPaddingRangeLimit=3990,
            )
        )
        assert (pixels[:, :20] == 0).all()
        assert (pixels[:, -20:] == 0).all()
        assert pixels[:, 20:-20].max() == 255


# Secondary captures


EIGHT = (PIXELS >> 4).astype(np.uint8)
CAPTURE = {"SOPClassUID": uid.SecondaryCaptureImageStorage, "Modality": "OT", "BodyPartExamined": None}


def grey_palette() -> dict[str, object]:
    names = [f"{colour}PaletteColorLookupTable" for colour in ("Red", "Green", "Blue")]
    ramp = (np.arange(256, dtype=np.uint16) * 257).astype("<u2").tobytes()
    tables = {f"{name}Descriptor": [256, 0, 16] for name in names} | {f"{name}Data": ramp for name in names}
    return tables | {"PhotometricInterpretation": "PALETTE COLOR"}


CAPTURES = {
    "RGB": make.dicom(np.stack([EIGHT] * 3, axis=-1), **CAPTURE),
    "RGB, 16 bits": make.dicom(np.stack([EIGHT.astype(np.uint16) * 257] * 3, axis=-1), **CAPTURE),
    "RGB in planes": make.dicom(
        np.stack([EIGHT] * 3, axis=-1),
        **CAPTURE,
        PlanarConfiguration=1,
        PixelData=np.stack([EIGHT] * 3).tobytes(),
    ),
    "RGB, RLE": make.dicom(np.stack([EIGHT] * 3, axis=-1), uid.RLELossless, **CAPTURE),
    "YBR_FULL": make.dicom(
        np.stack([EIGHT, np.full_like(EIGHT, 128), np.full_like(EIGHT, 128)], axis=-1),
        **CAPTURE,
        PhotometricInterpretation="YBR_FULL",
    ),
    "YBR_FULL_422, JPEG": make.compressed(
        np.stack([EIGHT] * 3, axis=-1),
        uid.JPEGBaseline8Bit,
        make.jpeg,
        **CAPTURE,
        PhotometricInterpretation="YBR_FULL_422",
    ),
    "PALETTE COLOR": make.dicom(EIGHT, **CAPTURE, **grey_palette()),
}


@pytest.mark.parametrize("layout", CAPTURES)
def test_a_colour_capture_of_a_grey_picture(layout: str) -> None:
    """A colour capture of a grey picture gives the grey picture."""
    radiograph = read_radiograph(CAPTURES[layout])
    tolerance = 8 if "JPEG" in layout else 1
    if "16 bits" in layout:  # stretched, as everything of more than 8 bits is
        assert np.corrcoef(radiograph.pixels.ravel(), EIGHT.ravel())[0, 1] > 0.995
    else:
        assert abs(radiograph.pixels.astype(int) - EIGHT).max() <= tolerance
    assert radiograph.colourfulness < 1


# The patient


def test_kept_texts_are_one_clean_line_and_cut() -> None:
    content = make.dicom(
        PIXELS,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="\u202eDoe^Ja\x07ne\nQ " + "x" * 400,
        PatientID="12\\34",
        AccessionNumber="<b>1</b>",
        PatientBirthDate="19991399",
        StudyDate="2021.03.04",
        PatientSex="f",
    )
    details = read_radiograph(content).dicom
    assert details is not None
    assert details.patient_name.startswith("Doe Ja ne Q xxx")
    assert len(details.patient_name) == 300
    assert details.patient_id == "12\\34"
    assert details.accession_number == "<b>1</b>"
    assert details.patient_birth_date is None
    assert details.study_date == date(2021, 3, 4)
    assert details.patient_sex == "F"


@pytest.mark.parametrize(
    ("stored", "kept"),
    [("Đặng^Łukasz", "Đặng Łukasz"), ("Yamada^Tarou=山田^太郎", "Yamada Tarou"), ("=王^小東", "王 小東"), ("^", "")],
)
def test_names_of_any_script_are_kept(stored: str, kept: str) -> None:
    details = read_radiograph(make.dicom(PIXELS, SpecificCharacterSet="ISO_IR 192", PatientName=stored)).dicom
    assert details is not None
    assert details.patient_name == kept


def test_a_coded_region_is_the_body_part() -> None:
    region = Dataset()
    region.CodeMeaning = "Knee"
    content = make.dicom(PIXELS, BodyPartExamined=None, AnatomicRegionSequence=Sequence([region]))
    details = read_radiograph(content).dicom
    assert details is not None
    assert details.body_part == "KNEE"


def test_a_name_is_in_no_log_or_message(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    canary = "CANARYMARK"
    odd = {"PatientName": canary, "PatientID": canary, "PatientBirthDate": canary, "StudyDate": canary}
    oddities: list[dict[str, object]] = [
        {},
        {"Modality": canary},
        {"Rows": 0},
        {"WindowCenter": "1234567891", "WindowWidth": 1},
        {"SpecificCharacterSet": canary},
    ]
    messages = []
    with caplog.at_level(logging.DEBUG):
        for oddity in oddities:
            content = make.loosely(PIXELS, **odd, **oddity).replace(b"1234567891", canary.encode())
            for sent in (content, content[: len(content) // 2]):
                try:
                    read_radiograph(sent)
                except RadiographRejected as refusal:
                    messages.append(str(refusal))
    assert len(messages) > 5
    assert canary not in " ".join([*messages, caplog.text, *capfd.readouterr()])
