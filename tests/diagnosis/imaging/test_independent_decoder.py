"""The picture that is read, compared with what dcmtk (and GDCM, where dcmtk cannot unpack) makes of the same file."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from tests.diagnosis.imaging import dicom_files as make

DCMTK, GDCM = shutil.which("dcmj2pnm") or "", shutil.which("gdcmconv") or ""
pytestmark = [
    pytest.mark.filterwarnings("ignore:::pydicom"),
    pytest.mark.skipif(not (DCMTK and GDCM), reason="no dcmtk or no GDCM"),
]

PIXELS = make.chest_like()
EIGHT = (PIXELS >> 4).astype(np.uint8)
WINDOW = {"WindowCenter": 1800, "WindowWidth": 3000}
UNPACKED_BY_GDCM = {*uid.JPEGLSTransferSyntaxes, *uid.JPEG2000TransferSyntaxes}


def independent(content: bytes, folder: Path) -> np.ndarray | None:
    """The picture as dcmtk shows it, or None where it does not."""
    file, raw, picture = folder / "file.dcm", folder / "raw.dcm", folder / "picture.pnm"
    file.write_bytes(content)
    dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
    if dataset.file_meta.get("TransferSyntaxUID") in UNPACKED_BY_GDCM:
        if subprocess.run([GDCM, "--raw", file, raw], capture_output=True, check=False).returncode:
            return None
        file = raw
    window = ["+Wi", "1"] if dataset.get("WindowWidth") else ["+Wm"]
    if dataset.get("VOILUTSequence"):
        window = ["+Wl", "1"]
    grey = [] if dataset.get("SamplesPerPixel", 1) == 3 or "Palette" in str(dataset) else window
    depth = "+opw" if grey == ["+Wm"] else "+op"
    done = subprocess.run([DCMTK, *grey, depth, file, picture], capture_output=True, check=False)
    if done.returncode or not picture.exists():
        return None
    with Image.open(picture) as image:
        if depth == "+opw":
            values = np.asarray(image).astype(np.float64)
            return values.clip(*np.percentile(values, (0.5, 99.5)))
        return np.asarray(image.convert("L"))


def likeness(content: bytes, folder: Path) -> float | None:
    expected = independent(content, folder)
    if expected is None:
        return None
    pixels = read_radiograph(content).pixels
    assert pixels.shape == expected.shape
    if pixels.std() == 0 or expected.std() == 0:
        return None
    return float(np.corrcoef(pixels.ravel(), expected.ravel())[0, 1])


CASES: dict[str, Callable[[], bytes]] = {
    "implicit": lambda: make.dicom(PIXELS, uid.ImplicitVRLittleEndian, **WINDOW),
    "explicit": lambda: make.dicom(PIXELS, **WINDOW),
    "big-endian": lambda: make.dicom(PIXELS, uid.ExplicitVRBigEndian, **WINDOW),
    "run-length": lambda: make.dicom(PIXELS, uid.RLELossless, **WINDOW),
    "JPEG": lambda: make.compressed(EIGHT, uid.JPEGBaseline8Bit, make.jpeg, WindowCenter=120, WindowWidth=200),
    "JPEG, 12 bits": lambda: make.compressed(PIXELS, uid.JPEGExtended12Bit, make.jpeg_12_bit, **WINDOW),
    "JPEG lossless": lambda: make.compressed(PIXELS, uid.JPEGLossless, make.jpeg_lossless, **WINDOW),
    "JPEG lossless, first order": lambda: make.compressed(PIXELS, uid.JPEGLosslessSV1, make.jpeg_lossless, **WINDOW),
    "JPEG-LS": lambda: make.compressed(PIXELS, uid.JPEGLSLossless, make.jpeg_ls, **WINDOW),
    "JPEG-LS, near-lossless": lambda: make.compressed(
        PIXELS, uid.JPEGLSNearLossless, make.jpeg_ls_near_lossless, **WINDOW
    ),
    "JPEG 2000": lambda: make.compressed(PIXELS, uid.JPEG2000Lossless, make.jpeg_2000, **WINDOW),
    "JPEG 2000, lossy": lambda: make.compressed(PIXELS, uid.JPEG2000, make.jpeg_2000_lossy, **WINDOW),
    "upper bits": lambda: make.dicom(PIXELS << 4, BitsStored=12, HighBit=15, **WINDOW),
    "signed": lambda: make.dicom(
        ((PIXELS.astype(int) - 2048) & 0xFFF).astype(np.uint16),
        PixelRepresentation=1,
        BitsStored=12,
        HighBit=11,
        RescaleIntercept=2048,
        RescaleSlope=1,
        **WINDOW,
    ),
    "MONOCHROME1": lambda: make.dicom(4095 - PIXELS, PhotometricInterpretation="MONOCHROME1", **WINDOW),
    "sigmoid": lambda: make.dicom(PIXELS, VOILUTFunction="SIGMOID", **WINDOW),
    "no window": lambda: make.dicom(PIXELS),
    "table": lambda: make.dicom(PIXELS, VOILUTSequence=make.lookup_table(np.arange(4096) // 2 * 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_syntax_is_shown_as_dcmtk_shows_it(case: str, tmp_path: Path) -> None:
    found = likeness(CASES[case](), tmp_path)
    assert found is not None
    assert found > 0.999


def test_public_files_are_shown_as_dcmtk_shows_them(dicom_samples: Path, tmp_path: Path) -> None:
    own = Path(pydicom.__file__).parent / "data" / "test_files"
    found: dict[str, float] = {}
    for path in sorted(path for folder in (own, dicom_samples) for path in folder.rglob("*.dcm")):
        content = path.read_bytes()
        try:
            read_radiograph(content)
        except RadiographRejected:
            continue
        alike = likeness(content, tmp_path)
        if alike is not None:
            found[path.name] = alike
    assert len(found) >= 20
    assert {name: alike for name, alike in found.items() if alike <= 0.999} == {}


def test_the_comparison_notices_another_picture(tmp_path: Path) -> None:
    """The other decoder's picture of an inverted file is not like ours of the file: the comparison can fail."""
    expected = independent(make.dicom(4095 - PIXELS, **WINDOW), tmp_path)
    assert expected is not None
    pixels = read_radiograph(make.dicom(PIXELS, **WINDOW)).pixels
    assert np.corrcoef(pixels.ravel(), expected.ravel())[0, 1] < 0
