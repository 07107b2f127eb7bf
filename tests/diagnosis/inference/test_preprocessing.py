"""The one preprocessing and its contract: what the network is given, in training and in serving alike."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from diagnosis.errors import ContractMismatch
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.contract import IMAGE_SIZE, Preprocessing
from diagnosis.inference.preprocessing import preprocess
from tests.diagnosis.imaging.dicom_files import chest_like

EQUALISED = Preprocessing(equalise=True)


def jpeg(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return stream.getvalue()


def prototype(content: bytes, equalise: bool) -> np.ndarray:
    """The recipe as it was measured before the project, written out."""
    image = Image.open(io.BytesIO(content)).convert("L").resize((224, 224), Image.Resampling.BILINEAR)
    return np.asarray(ImageOps.equalize(image) if equalise else image)


@pytest.mark.parametrize("preprocessing", [Preprocessing(), EQUALISED])
@pytest.mark.parametrize("size", [(240, 150), (224, 224), (700, 900), (100, 100)])
def test_a_jpeg_equals_the_prototypes_input(preprocessing: Preprocessing, size: tuple[int, int]) -> None:
    """A jpeg becomes bit for bit what the prototype made of it."""
    content = jpeg(chest_like(256, *size).astype(np.uint8))
    array = preprocess(read_radiograph(content).pixels, preprocessing)
    assert (array == prototype(content, preprocessing.equalise)[:, :, np.newaxis]).all()


def test_real_files_equal_the_prototypes_input(shared_data: Path) -> None:
    """Real radiographs become bit for bit what the prototype made of them."""
    files = sorted((shared_data / "cxr").rglob("*.jpg"))[::500]
    assert len(files) > 10
    for file in files:
        content = file.read_bytes()
        array = preprocess(read_radiograph(content).pixels, EQUALISED)
        assert (array == prototype(content, equalise=True)[:, :, np.newaxis]).all()


def test_the_network_divides_by_255_itself() -> None:
    """The network gets three equal channels of 0 to 255 and divides by 255 itself."""
    pixels = np.zeros((300, 300), np.uint8)
    pixels[:, 150:] = 255
    array = preprocess(pixels, Preprocessing())
    assert (array.shape, array.dtype) == ((IMAGE_SIZE, IMAGE_SIZE, 3), np.float32)
    assert (array.min(), array.max()) == (0.0, 255.0)
    assert (array == array[:, :, :1]).all()


def test_equalising_removes_contrast() -> None:
    picture = chest_like(256, 224, 224).astype(np.uint8)
    dark = (picture // 2).astype(np.uint8)
    plain = abs(preprocess(picture, Preprocessing()) - preprocess(dark, Preprocessing())).mean()
    equalised = abs(preprocess(picture, EQUALISED) - preprocess(dark, EQUALISED)).mean()
    assert equalised < plain / 10


def test_fine_detail_is_averaged_and_not_aliased() -> None:
    stripes = np.zeros((896, 896), np.uint8)
    stripes[:, ::2] = 255
    array = preprocess(stripes, Preprocessing())
    assert abs(array[8:-8, 8:-8] - 127.5).max() < 2


@pytest.mark.parametrize(
    "pixels", [np.zeros((300, 300, 3), np.uint8), np.zeros((300, 300), np.float32), np.zeros((300, 300), np.uint16)]
)
def test_it_refuses_arrays_that_are_not_grey_bytes(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        preprocess(pixels, Preprocessing())


def test_the_contract_comes_back_from_a_model_card() -> None:
    for preprocessing in (EQUALISED, Preprocessing(size=100)):
        assert Preprocessing.from_dict(preprocessing.as_dict()) == preprocessing
    assert EQUALISED.as_dict() == {"version": 1, "equalise": True}, "as in the cards that do not know sizes"


def test_another_size_is_the_one_that_the_card_names() -> None:
    pixels = chest_like(256, 240, 150).astype(np.uint8)
    expected = Image.fromarray(pixels).resize((100, 100), Image.Resampling.BILINEAR)
    assert (preprocess(pixels, Preprocessing(size=100)) == np.asarray(expected)[:, :, np.newaxis]).all()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"equalise": True},
        {"version": 3, "equalise": True},
        {"version": 1, "equalise": 1},
        {"version": True, "equalise": True},
        {"version": 1, "equalise": True, "crop": 0.1},
        {"version": 1, "equalise": True, "size": 31},
        {"version": 1, "equalise": True, "size": 100_000},
        {"version": 1, "equalise": True, "size": 100.0},
        {"version": 2, "equalise": True, "size": 100},
    ],
)
def test_it_refuses_a_contract_that_it_cannot_honour(values: dict[str, object]) -> None:
    with pytest.raises(ContractMismatch):
        Preprocessing.from_dict(values)
