"""Tags that say how a DICOM picture is to be shown, and tags that cannot be used."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from diagnosis.errors import CorrectableRadiograph, RadiographRejected
from diagnosis.imaging.dicom_details import person_name
from diagnosis.imaging.doubts import Doubt
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.imaging.tag_numbers import parsed_number
from diagnosis.imaging.tag_texts import shown_line
from diagnosis.inference.gate.doubtful import refuse_doubtful
from tests.diagnosis.imaging import dicom_files as make

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom")

PIXELS = make.chest_like()
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
EXPECTED = read_radiograph(make.dicom(PIXELS, **WINDOW)).pixels


def likeness(radiograph: Radiograph, expected: np.ndarray = EXPECTED) -> float:
    return float(np.corrcoef(radiograph.pixels.ravel(), expected.ravel())[0, 1])


def code_of(content: bytes) -> str:
    with pytest.raises(RadiographRejected) as refusal:
        read_radiograph(content)
    return refusal.value.code


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4096,0", 4096),
        (" 12.5 ", 12.5),
        ("1e3", 1000),
        ("-.5", -0.5),
        ("+7\0", 7),
        ("NaN", None),
        ("inf", None),
        ("1e999", None),
        ("", None),
        ("12 mm", None),
        ("1,2,3", None),
        ("0x10", None),
        (None, None),
    ],
)
def test_a_number_or_nothing(text: str | None, number: float | None) -> None:
    assert parsed_number(text) == number


def voi(values: np.ndarray, descriptor: list[int], data: bytes | None = None, vr: str = "US") -> Sequence:
    item = Dataset()
    item.LUTDescriptor = descriptor
    item["LUTDescriptor"].VR = vr
    item.LUTData = values.astype("<u2").tobytes() if data is None else data
    item["LUTData"].VR = "OW"
    return Sequence([item])


def windowed_text(centre: bytes, width: bytes) -> bytes:
    """A file whose window is this text, which pydicom itself would not write."""
    plain = make.dicom(PIXELS, WindowCenter="11111111", WindowWidth="22222222")
    return plain.replace(b"11111111", centre.ljust(8)).replace(b"22222222", width.ljust(8))


RAMP = np.arange(4096)
SIGNED = {"BitsStored": 12, "HighBit": 11}
negative = (PIXELS.astype(np.int16) - 2048).astype(np.int16)

READ: dict[str, Callable[[], bytes]] = {
    "width with a decimal comma": lambda: windowed_text(b"2048,0", b"4096,0"),
    "centre is no number": lambda: windowed_text(b"NaN", b"4096"),
    "width is a word": lambda: windowed_text(b"2048", b"WIDE"),
    "width is infinite": lambda: windowed_text(b"2048", b"1e999"),
    "the second window is the first usable": lambda: windowed_text(b"NaN\\2048", b"1\\4096"),
    "a window far off": lambda: make.dicom(PIXELS, WindowCenter=60000, WindowWidth=10),
    "a slope of nothing": lambda: make.dicom(PIXELS, RescaleSlope=0, RescaleIntercept=0, **WINDOW),
    "a slope that is no number": lambda: make.loosely(PIXELS, RescaleSlope="nan", RescaleIntercept=0, **WINDOW),
    "table with too many bits": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP, [4096, 0, 16])),
    "table with too few bits": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP, [4096, 0, 8])),
    "table with no bits": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP, [4096, 0, 0])),
    "table of bytes": lambda: make.dicom(
        PIXELS, VOILUTSequence=voi(RAMP, [4096, 0, 8], (RAMP >> 4).astype(np.uint8).tobytes())
    ),
    "table that begins below zero": lambda: make.dicom(
        negative, **SIGNED, VOILUTSequence=voi(RAMP, [4096, 65536 - 2048, 12])
    ),
    "empty table": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP[:0], [0, 0, 12]), **WINDOW),
    "table without anything": lambda: make.dicom(PIXELS, VOILUTSequence=Sequence([Dataset()]), **WINDOW),
    "table of one level": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP * 0 + 7, [4096, 0, 12]), **WINDOW),
    "table that ends early": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP[:100], [4096, 0, 12]), **WINDOW),
    "empty modality table": lambda: make.dicom(PIXELS, ModalityLUTSequence=voi(RAMP[:0], [0, 0, 12]), **WINDOW),
    "padding below zero": lambda: make.dicom(
        negative, **SIGNED, PixelPaddingValue=-2048, RescaleIntercept=2048, **WINDOW
    ),
    "12 bits in colour": lambda: make.dicom(
        np.stack([PIXELS] * 3, axis=-1), SOPClassUID=uid.SecondaryCaptureImageStorage, Modality="OT"
    ),
    "one frame of several": lambda: make.dicom(
        PIXELS, SOPClassUID=uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage, NumberOfFrames=1, Modality="OT"
    ),
    "inverse and MONOCHROME1": lambda: make.dicom(
        4095 - PIXELS, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE", **WINDOW
    ),
    "table that is a little short": lambda: make.dicom(PIXELS, VOILUTSequence=voi(RAMP, [5000, 0, 12])),
    "blanks and small letters": lambda: make.dicom(4095 - PIXELS, PhotometricInterpretation=" monochrome1", **WINDOW),
    "identity and MONOCHROME2": lambda: make.dicom(PIXELS, PresentationLUTShape="IDENTITY", **WINDOW),
    "sign and MONOCHROME2 agree": lambda: make.dicom(PIXELS, PixelIntensityRelationshipSign=-1, **WINDOW),
}


@pytest.mark.parametrize("case", READ)
def test_the_picture_is_right(case: str) -> None:
    assert likeness(read_radiograph(READ[case]())) > 0.99


NOTED = {
    "centre is no number": ReadingNote.WINDOW,
    "a window far off": ReadingNote.WINDOW,
    "a slope of nothing": ReadingNote.RESCALE,
    "a slope that is no number": ReadingNote.RESCALE,
    "empty table": ReadingNote.DISPLAY_TABLE,
    "table of one level": ReadingNote.DISPLAY_TABLE,
    "empty modality table": ReadingNote.MODALITY_TABLE,
}


@pytest.mark.parametrize("case", NOTED)
def test_what_was_left_out_is_noted(case: str) -> None:
    assert read_radiograph(READ[case]()).notes == (NOTED[case],)


@pytest.mark.parametrize(
    "case", ["width with a decimal comma", "table with too many bits", "sign and MONOCHROME2 agree"]
)
def test_what_was_used_is_not_noted(case: str) -> None:
    assert read_radiograph(READ[case]()).notes == ()


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "inverse and MONOCHROME2": ({"PresentationLUTShape": "INVERSE"}, "dicom-contradiction"),
    "identity and MONOCHROME1": (
        {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "IDENTITY"},
        "dicom-contradiction",
    ),
    "dense tissue dark": ({"PixelIntensityRelationshipSign": 1}, "dicom-contradiction"),
    "raw data by kind": ({"SOPClassUID": uid.DigitalXRayImageStorageForProcessing}, "dicom-raw"),
    "raw data by intent": ({"PresentationIntentType": "FOR PROCESSING"}, "dicom-raw"),
    "a phantom": ({"QualityControlImage": "YES"}, "dicom-test-image"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str) -> None:
    tags, code = REFUSED[case]
    assert code_of(make.dicom(PIXELS, **WINDOW, **tags)) == code


INVERSE = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}
DOUBTFUL: dict[str, tuple[dict[str, object], tuple[Doubt, ...]]] = {
    "turned": ({"FieldOfViewRotation": "180"}, (Doubt.TURNED,)),
    "flipped": ({"FieldOfViewHorizontalFlip": "YES"}, (Doubt.FLIPPED,)),
    "turned back": ({"FieldOfViewRotation": "360", "FieldOfViewHorizontalFlip": "NO"}, ()),
    "dense tissue dark": ({"PresentationLUTShape": "IDENTITY", "PixelIntensityRelationshipSign": 1}, (Doubt.INVERTED,)),
    "dense tissue dark, inverse": (INVERSE | {"PixelIntensityRelationshipSign": -1}, (Doubt.INVERTED,)),
    "dense tissue bright, inverse": (INVERSE | {"PixelIntensityRelationshipSign": 1}, ()),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_what_the_tags_leave_open(case: str) -> None:
    """The model that has not looked refuses it, and a person may leave it; mirrored, looking does not help."""
    tags, doubts = DOUBTFUL[case]
    found = read_radiograph(make.dicom(PIXELS, **WINDOW, **tags))
    assert (found.doubts, len(found.notes)) == (doubts, len(doubts))
    for is_seen in (False, True):
        if doubts == (Doubt.FLIPPED,) or (doubts and not is_seen):
            with pytest.raises(CorrectableRadiograph) as refusal:
                refuse_doubtful(found.doubts, is_seen=is_seen)
            assert refusal.value.correction == "as-is"
        else:
            refuse_doubtful(found.doubts, is_seen=is_seen)


TURNS = {
    "L\\F": lambda upright: upright,
    "R\\F": lambda upright: upright[:, ::-1],
    "L\\H": lambda upright: upright[::-1],
    "R\\H": lambda upright: upright[::-1, ::-1],
    "F\\L": lambda upright: upright.T,
    "F\\R": lambda upright: upright[:, ::-1].T,
    "H\\L": lambda upright: upright[::-1].T,
    "H\\R": lambda upright: upright[::-1, ::-1].T,
}


def lopsided() -> np.ndarray:
    """A chest with a bright marker in one corner, so that no two of its turns are alike."""
    marked = PIXELS.copy()
    marked[5:40, 5:25] = 4000
    return marked


@pytest.mark.parametrize("orientation", TURNS)
def test_the_picture_hangs_upright(orientation: str) -> None:
    upright = lopsided()
    stored = np.ascontiguousarray(TURNS[orientation](upright))
    content = make.dicom(stored, PatientOrientation=orientation.split("\\"), FieldOfViewRotation="90", **WINDOW)
    expected = read_radiograph(make.dicom(upright, **WINDOW)).pixels
    found = read_radiograph(content)
    assert np.array_equal(found.pixels, expected)
    assert (ReadingNote.TURNED in found.notes) == (orientation != "L\\F"), "a person is told to look at the marker"
    assert found.doubts == ()


@pytest.mark.parametrize(
    ("tags", "shape"),
    [
        ({"PixelSpacing": [0.2, 0.1]}, (380, 170)),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, (190, 340)),
        ({"PixelAspectRatio": ["2", "1"]}, (380, 170)),
        ({"PixelSpacing": [0.143, 0.143]}, (190, 170)),
        ({"PixelSpacing": [1000, 0.001]}, (190, 170)),
        ({"PixelSpacing": [0, 0.1]}, (190, 170)),
    ],
)
def test_pixels_that_are_not_square_are_stretched(tags: dict[str, object], shape: tuple[int, int]) -> None:
    assert read_radiograph(make.dicom(PIXELS, **WINDOW, **tags)).pixels.shape == shape


# Names


def named(raw: bytes, charset: str | None = None) -> str:
    content = make.dicom(PIXELS, PatientName="X" * len(raw), **({"SpecificCharacterSet": charset} if charset else {}))
    details = read_radiograph(content.replace(b"X" * len(raw), raw)).dicom
    assert details is not None
    return details.patient_name


@pytest.mark.parametrize(
    ("raw", "charset", "name"),
    [
        ("Müller^Jürgen".encode(), None, "Müller Jürgen"),
        ("Müller^Jürgen1".encode(), "ISO_IR 100", "Müller Jürgen1"),
        ("Müller^Jürgen1".encode("latin-1"), "ISO_IR 100", "Müller Jürgen1"),
        ("Müller^Jürgen1".encode("latin-1"), "ISO_IR 192", "Müller Jürgen1"),
        ("Müller^Jürgen1".encode("latin-1"), None, "Müller Jürgen1"),
        ("Müller^Jürgen1".encode(), "NONSENSE", "Müller Jürgen1"),
        ("Иванов^Ян".encode("iso8859-5"), "ISO_IR 144", "Иванов Ян"),
        ("Иванов^Ян1".encode(), None, "Иванов Ян1"),
        (b"Doe\\Smith^Jane", None, "Doe\\Smith Jane"),
    ],
)
def test_names_are_read_as_they_were_written(raw: bytes, charset: str | None, name: str) -> None:
    assert named(raw, charset) == name


def test_of_a_long_text_little_is_read() -> None:
    """Ten million characters, a million values, or a name of as many groups: each is one short line at once."""
    started = time.process_time()
    assert shown_line("a" * 10**7) == "a" * 300
    assert shown_line(["b"] * 10**6) == "\\".join("b" * 64)
    assert person_name("=" * 10**6) == ""
    assert time.process_time() - started < 0.2
