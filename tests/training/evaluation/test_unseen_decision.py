"""Calibration and borders from left-out sources: the limits are kept, and no source outweighs another."""

import numpy as np
import pytest

from diagnosis.findings import COVID_INDEX, Prediction
from training.evaluation.leave_out import LeftOut
from training.evaluation.unseen_decision import (
    balanced_point,
    balanced_wrong,
    calibrate,
    decide,
    wrong_and_answered,
)

COVID, OTHER = COVID_INDEX, 1 - COVID_INDEX


def source(name: str, label: int, centre: float, number: int = 300, seed: int = 0) -> LeftOut:
    logits = np.random.default_rng(seed).normal(centre, 1, number)
    return LeftOut(name, np.full(number, label), logits, 0.9, "")


SOURCES = [source("web", COVID, 1.5), source("siim", COVID, 1.0, seed=1), source("nih", OTHER, -1.5, seed=2)]
HARD = source("tuberculosis", OTHER, -0.2, seed=3)


def test_easy_sources_need_no_band():
    found = decide(SOURCES)
    assert found.kept
    assert found.answered > 0.97
    assert found.wrong_worst <= 0.20


def test_a_hard_source_widens_the_band():
    easy, hard = decide(SOURCES), decide([*SOURCES, HARD])
    assert hard.kept
    assert hard.wrong_worst <= 0.20 + 1e-9
    assert hard.wrong_mean <= 0.12 + 1e-9
    assert hard.answered < easy.answered


def test_what_cannot_be_kept_is_said():
    upside_down = [source("web", COVID, -2), source("nih", OTHER, 2, seed=1)]
    found = decide(upside_down)
    assert not found.kept
    assert found.answered >= 0.65


def test_it_still_finds_covid_where_one_source_cannot_be_right():
    """Its people score as high as COVID does: no useful band keeps its limit."""
    overlapping = [*SOURCES, *(source(name, OTHER, -3, seed=4) for name in "abcdefg"), source("ill", OTHER, 2, seed=5)]
    found = decide(overlapping)
    assert not found.kept
    assert found.answered >= 0.65
    web = found.calibration.apply(1 / (1 + np.exp(-SOURCES[0].logits)))
    assert np.mean([found.rule.predict(float(value)) is Prediction.POSITIVE for value in web]) > 0.4


def test_borders_are_those_of_the_rule():
    found = decide([*SOURCES, HARD])
    rule = found.rule
    assert rule.indeterminate_low <= rule.operating_point <= rule.indeterminate_high
    raw = 1 / (1 + np.exp(-HARD.logits))
    answers = [rule.predict(float(value)) for value in found.calibration.apply(raw)]
    positive = np.mean([answer is Prediction.POSITIVE for answer in answers])
    answered = np.mean([answer is not Prediction.INDETERMINATE for answer in answers])
    assert positive / answered <= 0.20 + 1e-6


def test_a_source_counts_once_however_large():
    large = [*SOURCES[:2], source("nih", OTHER, -1.5, 3000, seed=2)]
    assert decide(large).calibration.intercept == pytest.approx(decide(SOURCES).calibration.intercept, abs=0.15)


def test_calibrated_probabilities_are_right():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 4000)
    positive = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * logits - 0.3)))
    found = calibrate(positive, logits, np.full(4000, 1 / 4000))
    assert (found.slope, found.intercept) == pytest.approx((0.5, -0.3), abs=0.1)


def test_calibration_needs_both_classes():
    with pytest.raises(ValueError, match="sources with COVID"):
        decide(SOURCES[:2])


def test_the_operating_point_balances_errors():
    point = balanced_point([source("web", COVID, 1), source("nih", OTHER, -1, seed=1)])
    assert point == pytest.approx(0, abs=0.2)


def test_hardly_answered_is_not_wrong():
    wrong, answered = wrong_and_answered([HARD], -100, 100)
    assert (wrong[0], answered[0]) == (0, 0)


def test_classes_count_alike_however_many_sources():
    left_out = [LeftOut("web", np.array([COVID, COVID]), np.array([1.0, -1.0]), 0.9, "")]
    left_out += [LeftOut(name, np.array([OTHER]), np.array([-1.0]), 0.9, "") for name in "abc"]
    assert balanced_wrong(left_out, 0, 0) == pytest.approx(0.25)
