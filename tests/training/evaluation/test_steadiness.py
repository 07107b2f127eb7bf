"""Steadiness: what the handlings do, and how changed answers are counted."""

import numpy as np
import pytest

from diagnosis.inference.decision import DecisionRule
from training.evaluation.steadiness import HANDLINGS, over_all, steadiness

RULE = DecisionRule(0.5, 0.4, 0.6)


@pytest.mark.parametrize("name", HANDLINGS)
def test_a_handling_is_mild(name):
    rows, cols = np.mgrid[0:60, 0:80]
    pixels = (100 + 60 * np.sin(rows / 9) * np.cos(cols / 11)).astype(np.uint8)
    handled = HANDLINGS[name](pixels)
    assert handled.dtype == np.uint8
    assert handled.std() > 20
    assert abs(float(handled.mean()) - pixels.mean()) < 30


def test_sizes_after_handling():
    pixels = np.zeros((100, 200), np.uint8)
    assert HANDLINGS["cropped by 4 %"](pixels).shape == (92, 184)
    assert HANDLINGS["half the size"](pixels).shape == (50, 100)


def test_answers_that_turn_over():
    before, after = np.array([0.7, 0.7, 0.3, 0.5]), np.array([0.3, 0.5, 0.35, 0.5])
    found = steadiness("turned", before, after, RULE)
    assert (found.turned_over, found.changed) == (0.25, 0.5)
    assert found.mean_change == pytest.approx((0.4 + 0.2 + 0.05 + 0) / 4)


def test_the_mean_of_all():
    same = steadiness("a", np.array([0.7]), np.array([0.7]), RULE)
    other = steadiness("b", np.array([0.7]), np.array([0.3]), RULE)
    assert over_all([same, other]).turned_over == 0.5
