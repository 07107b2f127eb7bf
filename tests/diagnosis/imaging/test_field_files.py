"""The inputs of ../shared/field, where that folder is: each shows the chest, or is refused for its reason."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.gate import check_assessable

pytestmark = [pytest.mark.filterwarnings("ignore:::pydicom"), pytest.mark.filterwarnings("ignore:::PIL")]

RIGHT = (
    "01_highbit15.dcm",
    "02_windowwidth_decimal_comma.dcm",
    "07_jpegls_signed_12_in_16.dcm",
    "09_j2k_signed_stream_unsigned_header.dcm",
    "10_j2k_overlay_in_bit12.dcm",
    "18_png_rgb16_14bit.png",
    "20_voilut_agfa_bits.dcm",
    "21_voilut_8bit_packed.dcm",
    "23_voilut_empty_leadtools.dcm",
    "24_window_nan.dcm",
    "25_j2k_psot0_and_pad_byte.dcm",
    "26_jpeg_four_pad_bytes.dcm",
    "29_no_preamble_no_meta.dcm",
    "30_preamble_text.dcm",
    "31_private_sequence_1MB.dcm",
    "32_bodypart_torax.dcm",
    "35_rgb16_of_12_bits.dcm",
    "40_name_utf8_undeclared.dcm",
)
REFUSED = {
    "04_monochrome2_plut_inverse.dcm": "dicom-contradiction",
    "06_for_processing_sign_plus1.dcm": "dicom-raw",
    "12_jpeg_lossless_12_bits_header_says_10.dcm": "dicom-contradiction",
    "13_lateral_by_viewposition.dcm": "view",
    "15_other_body_part_in_series_description.dcm": "body-part",
    "50_two_ellipses.png": "few-levels",
    "51_ct_like_slice.png": "few-levels",
    "57_bilevel.png": "few-levels",
}


@pytest.fixture(scope="module")
def field() -> Path:
    folder = Path(__file__).resolve().parents[4] / "shared" / "field"
    if not folder.is_dir():
        pytest.skip("../shared/field is not on this machine")
    return folder


@pytest.fixture(scope="module")
def right(field: Path) -> Image.Image:
    return Image.open(field / "right.png")


def likeness(pixels: np.ndarray, right: Image.Image) -> float:
    expected = right.resize(pixels.shape[::-1], Image.Resampling.BILINEAR)
    return float(np.corrcoef(pixels.ravel(), np.asarray(expected).ravel())[0, 1])


@pytest.mark.parametrize("name", RIGHT)
def test_the_chest_is_right(field: Path, right: Image.Image, name: str) -> None:
    radiograph = read_radiograph((field / name).read_bytes())
    check_assessable(radiograph)
    assert likeness(radiograph.pixels, right) > 0.99


def test_a_dark_border_does_not_flatten_it(field: Path, right: Image.Image) -> None:
    pixels = read_radiograph((field / "16_png16_dark_border.png").read_bytes()).pixels
    within = np.asarray(right)[3:], pixels[3:]
    assert np.corrcoef(within[0].ravel(), within[1].ravel())[0, 1] > 0.99


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_for_its_reason(field: Path, name: str) -> None:
    with pytest.raises(RadiographRejected) as refusal:
        check_assessable(read_radiograph((field / name).read_bytes()))
    assert refusal.value.code == REFUSED[name]


def test_the_name_is_as_it_was_written(field: Path) -> None:
    details = read_radiograph((field / "40_name_utf8_undeclared.dcm").read_bytes()).dicom
    assert details is not None
    assert details.patient_name == "Müller Jürgen"
