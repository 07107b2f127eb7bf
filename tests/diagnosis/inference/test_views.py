"""Two views of one radiograph: what each shows, and where their maps belong."""

import numpy as np
import pytest

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from diagnosis.inference.views import cropped, edges, heat_of, lungs_view, placed, views_of

LUNGS = Box(0.25, 0.25, 0.75, 0.75)
QUARTER = Box(0.5, 0.5, 1.0, 1.0)


def picture(rows: int = 80, cols: int = 100) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, cols), dtype=np.uint8)


def test_margin_around_lungs():
    view = lungs_view(LUNGS, margin=0.1)
    assert edges(view) == pytest.approx((0.2, 0.2, 0.8, 0.8))


def test_margin_ends_at_the_picture():
    assert lungs_view(Box(0.0, 0.02, 1.0, 0.98), margin=0.1) == WHOLE_PICTURE


@pytest.mark.parametrize("lungs", [None, Box(0.4, 0.4, 0.5, 0.9), Box(0.1, 0.5, 0.9, 0.6)])
def test_without_lungs_the_whole_picture(lungs):
    assert lungs_view(lungs) == WHOLE_PICTURE


def test_crop_inside_the_picture():
    np.testing.assert_array_equal(cropped(picture(), LUNGS), picture()[20:60, 25:75])


def test_crop_beyond_the_picture_is_black():
    part = cropped(picture(), Box(-0.1, 0.0, 0.5, 1.0))
    assert part.shape == (80, 60)
    assert not part[:, :10].any()
    np.testing.assert_array_equal(part[:, 10:], picture()[:, :50])


def test_both_views_are_preprocessed():
    views = views_of(picture(), LUNGS, Preprocessing(equalise=True))
    assert (views.shape, views.dtype) == ((2, 224, 224, 3), np.float32)
    assert not np.array_equal(views[0], views[1])


def test_a_map_lies_in_its_box():
    whole = placed(np.ones((14, 14)), QUARTER, side=40)
    assert whole[20:, 20:].min() == 1
    assert whole.sum() == 400


def test_heat_keeps_the_score():
    """Each view's evidence adds up to its share of the score, wherever the box is."""
    evidence = np.zeros((2, 14, 14), np.float32)
    evidence[0], evidence[1] = 1.0, 2.0
    heat = heat_of(evidence, QUARTER, side=56)
    assert heat.mean() == pytest.approx(3.0)
    assert heat[40, 40] == pytest.approx(1 + 2 / 0.25)
