"""Measures that the learned gate reads: geometry of the lungs, exposure, sharpness, noise."""

import numpy as np
import pytest

from diagnosis.inference.gate.measures import (
    GREY_MEASURES,
    LUNG_MEASURES,
    grey_measures,
    lung_measures,
    noise_of,
    side_differences,
)
from diagnosis.inference.lungs import SIDE, LungFields, read_lung_fields

RNG = np.random.default_rng(0)


def lungs_at(*rectangles: tuple[int, int, int, int]) -> LungFields:
    probability = np.full((SIDE, SIDE), 0.01, np.float32)
    for top, bottom, left, right in rectangles:
        probability[top:bottom, left:right] = 0.99
    return read_lung_fields(probability)


BOTH = lungs_at((20, 70, 15, 40), (20, 70, 52, 80))


def chest(lungs: LungFields, air: int = 60, tissue: int = 180) -> np.ndarray:
    """(192, 192) uint8 with dark lungs."""
    grey = np.where(lungs.mask, air, tissue).repeat(2, 0).repeat(2, 1)
    return (grey + RNG.normal(0, 4, grey.shape)).clip(0, 255).astype(np.uint8)


def measured(name: str, pixels: np.ndarray, lungs: LungFields = BOTH) -> float:
    return dict(zip(LUNG_MEASURES, lung_measures(pixels, lungs).tolist(), strict=True))[name]


def grey_measured(name: str, pixels: np.ndarray) -> float:
    return dict(zip(GREY_MEASURES, grey_measures(pixels).tolist(), strict=True))[name]


def test_where_the_lungs_are():
    pixels = chest(BOTH)
    assert measured("lungs", pixels) == 2
    assert measured("left", pixels) == pytest.approx(15 / 96)
    assert measured("smaller over larger", pixels) == pytest.approx(25 / 28, abs=1e-4)
    assert measured("on the border", pixels) == 0


def test_no_lungs_is_all_zero():
    assert not lung_measures(chest(BOTH), lungs_at()).any()


def test_air_is_dark_unless_inverted():
    pixels = chest(BOTH)
    assert measured("darker than around", pixels) > 0.5
    assert measured("darker than around", 255 - pixels) < -0.5


def test_the_heart_is_on_the_right():
    heart = lungs_at((20, 70, 15, 40), (20, 45, 48, 80), (45, 70, 60, 80))
    assert measured("heart to the right", chest(heart), heart) > 0.05
    mirrored = read_lung_fields(heart.probability[:, ::-1].copy())
    assert measured("heart to the right", chest(mirrored), mirrored) < -0.05


def test_lungs_that_are_cut_touch_the_border():
    cut = lungs_at((0, 50, 15, 40), (0, 50, 55, 80))
    assert measured("on the border", chest(cut), cut) > 0.1


def test_mirrored_sides_have_the_other_sign():
    heart = lungs_at((20, 70, 15, 40), (20, 45, 48, 80), (45, 70, 60, 80))
    mirrored = read_lung_fields(heart.probability[:, ::-1].copy())
    pixels = chest(heart)
    sides = side_differences(pixels, heart)
    assert (sides.shape, sides.dtype) == ((1024,), np.float32)
    assert abs(sides).max() > 0.5
    np.testing.assert_allclose(side_differences(pixels[:, ::-1].copy(), mirrored), -sides, atol=0.03)


def test_noise_is_measured_in_grey_levels():
    smooth = np.add.outer(np.arange(200.0), np.arange(200.0)) / 2
    assert noise_of(smooth) == pytest.approx(0, abs=1e-9)
    assert noise_of(smooth + RNG.normal(0, 10, smooth.shape)) == pytest.approx(10, rel=0.05)


def test_exposure():
    pixels = chest(BOTH)
    assert grey_measured("50 %", pixels // 4) < grey_measured("50 %", pixels) / 3
    assert grey_measured("levels", pixels // 8) < grey_measured("levels", pixels)
    assert grey_measured("black", np.maximum(pixels.astype(int) - 120, 0).astype(np.uint8)) > 0.2


def test_blur_takes_detail():
    from PIL import Image, ImageFilter

    pixels = chest(BOTH)
    blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(5)))
    for name in ("fine detail", "medium detail"):
        assert grey_measured(name, blurred) < grey_measured(name, pixels)


def test_a_picture_that_is_all_lung_has_measures_too():
    everything = lungs_at((0, SIDE, 0, SIDE))
    assert everything.mask.all()
    assert np.isfinite(lung_measures(chest(BOTH), everything)).all()


def test_a_blank_picture_has_measures_too():
    blank = np.zeros((90, 120), np.uint8)
    assert np.isfinite(grey_measures(blank)).all()
    assert np.isfinite(lung_measures(blank, BOTH)).all()


def test_as_many_numbers_as_names():
    assert lung_measures(chest(BOTH), BOTH).shape == (len(LUNG_MEASURES),)
    assert grey_measures(chest(BOTH)).shape == (len(GREY_MEASURES),)
