"""The opacity map against readers' boxes."""

import numpy as np
import pytest

from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from training.evaluation.opacity_judgement import box_figures, lungs_mean, typical_against_negative

UPPER_LEFT = Box(0.0, 0.0, 0.5, 0.5)


def peaked(row: int, col: int) -> np.ndarray:
    values = np.full((14, 14), 0.1, np.float32)
    values[row, col] = 1
    return values


def test_peak_and_heat_inside():
    maps = np.stack([peaked(2, 2), peaked(12, 12)])
    found = box_figures("typical", maps, [(UPPER_LEFT,), (UPPER_LEFT,)], [WHOLE_PICTURE, WHOLE_PICTURE])
    assert found is not None
    assert found.peak_inside == 0.5
    assert found.chance == pytest.approx(0.25)
    assert found.heat_inside == pytest.approx((0.1 * 48 + 1 + 0.1 * 49) / 2 / (0.1 * 195 + 1))


def test_a_peak_outside_the_lungs_does_not_count():
    lungs = np.zeros((1, 14, 14), np.float32)
    lungs[0, :7, :7] = 1
    found = box_figures("typical", peaked(12, 12)[None], [(UPPER_LEFT,)], [WHOLE_PICTURE], lungs)
    assert found is not None
    assert found.peak_inside == 1.0


def test_without_a_mask_every_cell_counts():
    lungs = np.zeros((1, 14, 14), np.float32)
    found = box_figures("typical", peaked(12, 12)[None], [(UPPER_LEFT,)], [WHOLE_PICTURE], lungs)
    assert found is not None
    assert found.peak_inside == 0.0


def test_pictures_without_boxes_are_not_judged():
    assert box_figures("negative", peaked(1, 1)[None], [()], [WHOLE_PICTURE]) is None


def test_mean_over_the_lungs():
    lungs = np.zeros((2, 14, 14), np.float32)
    lungs[0, 2, 2] = 1
    assert lungs_mean(np.stack([peaked(2, 2)] * 2), lungs) == pytest.approx([1.0, (0.1 * 195 + 1) / 196])


def test_typical_against_negative():
    scores, readings = np.array([0.9, 0.2, 0.1, 0.3]), ["typical", "negative", "indeterminate", "typical"]
    assert typical_against_negative(scores, readings) == 1.0
