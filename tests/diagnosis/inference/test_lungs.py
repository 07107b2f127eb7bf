"""Lung fields read from the network's output: parts, boxes, areas, certainty, outlines."""

import numpy as np
import pytest

from diagnosis.inference.lungs import (
    SIDE,
    WHOLE_PICTURE,
    Box,
    connected_parts,
    lung_input,
    outline_length,
    outlines,
    read_lung_fields,
)


def probability(*rectangles: tuple[int, int, int, int], inside: float = 0.98, outside: float = 0.01) -> np.ndarray:
    """(96, 96) with each (top, bottom, left, right) of one probability."""
    values = np.full((SIDE, SIDE), outside, np.float32)
    for top, bottom, left, right in rectangles:
        values[top:bottom, left:right] = inside
    return values


LEFT, RIGHT, SPECK = (20, 70, 15, 40), (22, 66, 55, 82), (2, 5, 2, 5)


def test_two_lungs_from_left_to_right():
    lungs = read_lung_fields(probability(RIGHT, LEFT, SPECK))
    assert lungs.boxes == (Box(15 / 96, 20 / 96, 40 / 96, 70 / 96), Box(55 / 96, 22 / 96, 82 / 96, 66 / 96))
    assert lungs.areas == pytest.approx((50 * 25 / 96**2, 44 * 27 / 96**2))
    assert lungs.box == Box(15 / 96, 20 / 96, 82 / 96, 70 / 96)


def test_one_lung_is_number_one():
    lungs = read_lung_fields(probability(RIGHT, SPECK))
    assert len(lungs.boxes) == 1
    assert set(np.unique(lungs.labels)) == {0, 1}


def test_no_lung_is_the_whole_picture():
    lungs = read_lung_fields(probability(SPECK))
    assert (lungs.boxes, lungs.box, lungs.certainty) == ((), WHOLE_PICTURE, 0.0)
    assert not lungs.mask.any()
    assert outlines(lungs) == []


def test_a_clear_cut_mask_is_more_certain():
    sure, unsure = (read_lung_fields(probability(LEFT, RIGHT, inside=inside)) for inside in (0.99, 0.6))
    assert 0 <= unsure.certainty < sure.certainty <= 1


def test_a_box_is_widened_as_far_as_the_picture_goes():
    wide = Box(0.1, 0.2, 0.9, 0.6).widened(0.25)
    assert (wide.left, wide.top, wide.right, wide.bottom) == pytest.approx((0.0, 0.1, 1.0, 0.7))


def test_parts_touch_by_their_sides_only():
    mask = np.array([[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1]], bool)
    parts = connected_parts(mask)
    assert parts.max() == 4
    assert parts[1, 1] == parts[2, 0] == parts[3, 0]
    assert len({parts[0, 0], parts[0, 2], parts[2, 1], parts[3, 3]}) == 4
    assert (parts > 0).tolist() == mask.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_parts_are_those_of_scipy(seed: int):
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(size=(40, 60))
    mask = ndimage.gaussian_filter(noise, 1.5) > 0.02
    ours, (theirs, number) = connected_parts(mask), ndimage.label(mask)
    assert ours.max() == number
    assert len(np.unique(ours * (number + 1) + theirs)) == number + 1


def test_the_outline_is_as_long_as_the_sides_of_the_mask():
    assert outline_length(np.array([[1, 1], [0, 0]], bool)) == 6


def test_the_outline_follows_the_level_between_places():
    values = probability((30, 40, 20, 30))
    values[30:40, 19] = 0.02  # 0.5 is halfway from 0.98 at 20.5 to 0.02 at 19.5
    (outline,) = outlines(read_lung_fields(values))
    xs, ys = np.array(outline).T
    assert xs.min() == pytest.approx(20 / SIDE)
    assert (ys.min(), ys.max()) == pytest.approx((30.5 / SIDE, 39.5 / SIDE))


def test_the_input_is_stretched_whatever_the_exposure():
    grey = np.tile(np.linspace(60, 120, 300), (200, 1)).astype(np.uint8)
    picture = lung_input(grey)
    assert (picture.shape, picture.dtype) == ((SIDE, SIDE, 1), np.float32)
    assert (picture.min(), picture.max()) == (0, 1)
    np.testing.assert_allclose(picture, lung_input(grey // 2 + 20), atol=0.03)


def test_a_picture_of_one_grey_has_an_input_too():
    assert np.isfinite(lung_input(np.full((90, 90), 7, np.uint8))).all()
