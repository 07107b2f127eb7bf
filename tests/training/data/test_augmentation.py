"""Other pictures of the same patient: the same every time, all different, never mirrored."""

import random

import numpy as np
import pytest
from PIL import Image

from tests.training.radiographs import chest
from training.data.augmentation import DEGRADATIONS, WORKING_SIDE, augmented

BOX = Image.Resampling.BOX
VIEWS = range(1, 25)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.asarray(chest())


def test_view_0_is_the_image_itself(pixels):
    assert augmented(pixels, "key", 0) is pixels


def test_a_view_is_the_same_every_time(pixels):
    for view in VIEWS:
        np.testing.assert_array_equal(augmented(pixels, "key", view), augmented(pixels, "key", view))


def test_views_differ_between_images(pixels):
    made = [augmented(pixels, key, view).tobytes() for key in ("one", "another") for view in VIEWS]
    assert len(set(made)) == len(made)


def test_a_view_is_never_mirrored():
    upper_left = np.full((300, 300), 60, np.uint8)
    upper_left[40:140, 40:140] = 200
    for view in VIEWS:
        changed = augmented(upper_left, "key", view).astype(float)
        rows, columns = (np.array_split(changed, 2, axis=axis) for axis in (0, 1))
        assert rows[0].mean() > rows[1].mean() + 3
        assert columns[0].mean() > columns[1].mean() + 3


def test_a_view_shows_the_same_patient(pixels):
    for view in VIEWS:
        small = [
            np.asarray(Image.fromarray(image).resize((8, 8), BOX)) for image in (pixels, augmented(pixels, "k", view))
        ]
        assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.4


@pytest.mark.parametrize("size", [(384, 320), (1000, 2000), (90, 80), (80, 320)])
def test_a_view_is_grey_and_bounded(size):
    pixels = np.asarray(chest().resize(size[::-1]))
    for view in VIEWS:
        changed = augmented(pixels, "key", view)
        assert (changed.dtype, changed.ndim) == (np.uint8, 2)
        assert 0.75 * min(*size, WORKING_SIDE * size[0] / max(size)) < changed.shape[0]
        assert max(changed.shape) <= 1.08 * WORKING_SIDE + 1


@pytest.mark.parametrize("degrade", DEGRADATIONS, ids=lambda function: function.__name__)
def test_each_degradation_keeps_the_size(pixels, degrade):
    picture = Image.fromarray(pixels)
    changed = degrade(picture, random.Random(3))
    assert (changed.size, changed.mode) == (picture.size, "L")
    assert changed.tobytes() != picture.tobytes()
