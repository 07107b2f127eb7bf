"""Opacities: the mean over the lungs, the answer, and shares of maps inside the lungs."""

import numpy as np
import pytest

from diagnosis.findings import OpacityAnswer
from diagnosis.inference.decision import Calibration, OpacityRule
from diagnosis.inference.examination import share_inside
from diagnosis.inference.opacities import lung_shares, mean_over_lungs

WHOLE = (0.0, 0.0, 1.0, 1.0)


def left_half(side: int = 96) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    mask[:, : side // 2] = True
    return mask


def test_shares_of_the_whole_picture():
    shares = lung_shares(left_half(), WHOLE, 14)
    assert shares.shape == (14, 14)
    assert (shares[:, :7] == 1).all()
    assert (shares[:, 7:] == 0).all()


def test_shares_of_a_view_that_is_all_lung():
    assert (lung_shares(left_half(), (0.1, 0.2, 0.4, 0.8), 14) == 1).all()


def test_only_the_lungs_count():
    cells = np.zeros((14, 14))
    cells[:, 7:] = 1
    assert mean_over_lungs(cells, lung_shares(left_half(), WHOLE, 14)) == 0


def test_without_lungs_all_cells_count():
    cells = np.full((14, 14), 0.25)
    assert mean_over_lungs(cells, np.zeros((14, 14))) == 0.25


def test_share_of_the_heat_inside():
    heat = np.ones((112, 112), np.float32)
    assert share_inside(heat, left_half()) == pytest.approx(0.5)
    assert share_inside(np.zeros((112, 112)), left_half()) is None


@pytest.mark.parametrize(
    ("probability", "answer"),
    [(0.29, OpacityAnswer.NO), (0.3, OpacityAnswer.UNCLEAR), (0.59, OpacityAnswer.UNCLEAR), (0.6, OpacityAnswer.YES)],
)
def test_borders_belong_to_the_answer_above(probability: float, answer: OpacityAnswer):
    assert OpacityRule(Calibration(), 0.3, 0.6).answer(probability) is answer


def test_borders_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="in order"):
        OpacityRule(Calibration(), 0.6, 0.3)
