"""Where opacities are called yes, unclear or no."""

import numpy as np
import pytest

from training.evaluation.opacity_rule import OpacityScores, choose_opacity_rule


def scores(gap: float) -> OpacityScores:
    rng = np.random.default_rng(0)
    clear, seen = rng.normal(0.3, 0.1, 200), rng.normal(0.3 + gap, 0.1, 200)
    return OpacityScores(np.clip(np.concatenate([clear, seen]), 0.01, 0.99), ["negative"] * 200 + ["typical"] * 200)


def test_one_in_ten_at_most_is_wrong():
    found = scores(0.15)
    rule = choose_opacity_rule(found)
    probabilities = rule.calibration.apply(found.means)
    negative, typical = probabilities[:200], probabilities[200:]
    assert np.mean(negative >= rule.yes_from) <= 0.105
    assert np.mean(typical < rule.unclear_from) <= 0.105
    assert rule.unclear_from < rule.yes_from


def test_readings_far_apart_leave_nothing_unclear():
    rule = choose_opacity_rule(scores(0.6))
    assert rule.unclear_from == rule.yes_from


def test_one_reading_alone_is_refused():
    with pytest.raises(ValueError, match="COVID and Non-COVID"):
        choose_opacity_rule(OpacityScores(np.array([0.1, 0.2]), ["negative", "negative"]))
