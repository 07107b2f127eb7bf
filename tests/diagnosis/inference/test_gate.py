"""What is turned away before any model sees it, and that real radiographs are not."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.inference.gate import check_assessable
from tests.diagnosis.imaging import dicom_files as make

PIXELS = make.chest_like()
GREY = make.chest_like(256).astype(np.uint8)


def uploaded(pixels: np.ndarray) -> Radiograph:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return read_radiograph(stream.getvalue())


def refusal_of(radiograph: Radiograph) -> RadiographRejected:
    with pytest.raises(RadiographRejected) as refusal:
        check_assessable(radiograph)
    return refusal.value


def labelled_blank() -> np.ndarray:
    image = Image.new("L", (1000, 1000), 0)
    ImageDraw.Draw(image).text((20, 20), "PORTABLE AP 12:30", fill=255, font_size=40)
    return np.asarray(image)


RANDOM = np.random.default_rng(3)
PICTURES = {
    "all black": (np.zeros((500, 500), np.uint8), "constant"),
    "all white": (np.full((500, 500), 255, np.uint8), "constant"),
    "nearly one grey": (RANDOM.integers(100, 108, (500, 500)).astype(np.uint8), "constant"),
    "black but for a label": (labelled_blank(), "constant"),
    "noise": (RANDOM.integers(0, 256, (240, 240)).astype(np.uint8), "noise"),
    "coarse noise": (RANDOM.integers(0, 256, (60, 60)).astype(np.uint8).repeat(5, 0).repeat(5, 1), "noise"),
    "large noise": (RANDOM.integers(0, 256, (2000, 2000)).astype(np.uint8), "constant"),
    "black and white noise": (RANDOM.integers(0, 2, (240, 240)).astype(np.uint8) * 255, "noise"),
    "an icon": (GREY[:64, :64], "too-small"),
    "one pixel": (GREY[:1, :1], "too-small"),
    "a strip": (np.tile(GREY, (1, 5))[:, :], "strip"),
}


@pytest.mark.parametrize("case", PICTURES)
def test_it_refuses(case: str) -> None:
    pixels, code = PICTURES[case]
    refusal = refusal_of(uploaded(pixels))
    assert refusal.code == code
    assert str(refusal).startswith("The picture cannot be assessed: ")


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_it_refuses_a_colour_photograph(name: str) -> None:
    from sklearn.datasets import load_sample_image

    assert refusal_of(uploaded(load_sample_image(name))).code == "colour"


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "PT", "XA"])
def test_it_refuses_a_capture_of_another_modality(modality: str) -> None:
    refusal = refusal_of(read_radiograph(make.dicom(PIXELS, Modality=modality)))
    assert refusal.code == "modality"
    assert modality in str(refusal)


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "OT", "", None])
def test_it_accepts_radiograph_modalities(modality: str | None) -> None:
    """It accepts the modalities of radiographs and their captures."""
    check_assessable(read_radiograph(make.dicom(PIXELS, Modality=modality)))


@pytest.mark.parametrize("part", ["KNEE", "EXTREMITY", "SKULL", "TSPINE", "ABDOMEN", "THORAX SPINE"])
def test_it_refuses_another_body_part(part: str) -> None:
    refusal = refusal_of(read_radiograph(make.dicom(PIXELS, BodyPartExamined=part)))
    assert refusal.code == "body-part"
    assert part in str(refusal)


@pytest.mark.parametrize("part", ["CHEST", "chest", "THORAX", "CHEST PA", "", None])
def test_it_accepts_a_chest_by_any_name(part: str | None) -> None:
    check_assessable(read_radiograph(make.loosely(PIXELS, BodyPartExamined=part)))


def test_a_real_chest_and_a_real_leg(dicom_samples: Path) -> None:
    check_assessable(read_radiograph((dicom_samples / "RG1_UNCR.dcm").read_bytes()))
    leg = read_radiograph((dicom_samples / "RG3_UNCR.dcm").read_bytes())
    assert refusal_of(leg).code == "body-part"


def test_it_accepts_a_slight_tint() -> None:
    """It accepts a grey picture with a slight tint and a coloured label."""
    tinted = np.stack([GREY, GREY, (GREY * 0.95).astype(np.uint8)], axis=-1)
    tinted[5:15, 5:40] = 255, 0, 0
    check_assessable(uploaded(tinted))


def test_it_refuses_none_of_the_real_radiographs(shared_data: Path) -> None:
    files = (path for path in shared_data.rglob("*") if "masks" not in path.parts)
    everything = sorted(path for path in files if path.suffix in (".jpg", ".jpeg", ".png"))
    sample = [*everything[::6], *(path for path in everything if "originals" in path.parts)]
    assert len(sample) > 1900

    def is_refused(path: Path) -> bool:
        try:
            check_assessable(read_radiograph(path.read_bytes()))
        except RadiographRejected:
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        refused = [str(path) for path, verdict in zip(sample, pool.map(is_refused, sample), strict=True) if verdict]
    assert refused == []
