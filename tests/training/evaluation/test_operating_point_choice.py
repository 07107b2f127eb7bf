"""How the operating point and the indeterminate band are chosen from the validation part."""

import numpy as np
import pytest

from diagnosis.inference.decision import DecisionRule
from training.evaluation.operating_point_choice import (
    choose_decision_rule,
    choose_indeterminate_band,
    choose_operating_point,
)

COVID, NON_COVID = 0, 1


def test_operating_point_by_hand():
    """19 of 20 COVID must be Positive: the one at 0.10 may be missed, 0.30 not; the next lower score is 0.20."""
    labels = [COVID] * 20 + [NON_COVID] * 3
    probabilities = [0.10, 0.30] + [0.9] * 18 + [0.20, 0.05, 0.40]
    assert choose_operating_point(labels, probabilities) == pytest.approx(0.25)


def test_no_better_threshold_exists():
    """No other threshold with that sensitivity has a higher specificity."""
    rng = np.random.default_rng(3)
    labels = rng.integers(2, size=400)
    probabilities = rng.beta(np.where(labels == COVID, 3, 1), np.where(labels == COVID, 1, 3))
    point = choose_operating_point(labels, probabilities)
    covid, others = probabilities[labels == COVID], probabilities[labels == NON_COVID]
    allowed = [t for t in probabilities if np.mean(covid >= t) >= 0.95]
    assert np.mean(covid >= point) >= 0.95
    assert np.mean(others < point) == max(np.mean(others < t) for t in allowed)


def test_all_covid_at_the_bottom_still_gives_a_point():
    assert choose_operating_point([COVID, NON_COVID], [0.1, 0.9]) == pytest.approx(0.1)


def test_no_covid_image_is_refused():
    with pytest.raises(ValueError, match="without a COVID image"):
        choose_operating_point([NON_COVID], [0.4])


def test_the_band_holds_only_close_errors():
    """Around 0.5: errors at ±0.1 and ±0.2 (logit), right answers from ±1. Cost 0.25 each saves 4 less 1."""
    logits = np.array([0.1, -0.1, 0.2, -0.2] + [1.0, -1.0] * 298)
    labels = np.array([NON_COVID, COVID, NON_COVID, COVID] + [COVID, NON_COVID] * 298)
    rule = choose_indeterminate_band(labels, 1 / (1 + np.exp(-logits)), 0.5)
    band_edge = 1 / (1 + np.exp(-0.6))
    assert (rule.indeterminate_low, rule.indeterminate_high) == pytest.approx((1 - band_edge, band_edge))


def test_the_bands_share_is_bounded():
    rng = np.random.default_rng(4)
    labels, probabilities = rng.integers(2, size=1000), rng.random(1000)
    rule = choose_indeterminate_band(labels, probabilities, 0.5, max_share=0.10)
    inside = np.mean((probabilities >= rule.indeterminate_low) & (probabilities < rule.indeterminate_high))
    assert 0.05 < inside <= 0.10


def test_ties_go_into_the_band_together():
    """12 of 100 images have one score next to the point: more than a tenth, so none of them can be referred."""
    labels = np.array([NON_COVID] * 12 + [COVID, NON_COVID] * 44)
    probabilities = np.array([0.51] * 12 + [0.9, 0.1] * 44)
    rule = choose_indeterminate_band(labels, probabilities, 0.5)
    assert rule == DecisionRule(0.5, 0.5, 0.5)


def test_a_network_without_errors_refers_nothing():
    assert choose_decision_rule([COVID, NON_COVID] * 20, [0.9, 0.1] * 20) == DecisionRule(0.5, 0.5, 0.5)


def test_a_band_without_the_point_is_refused():
    """A band that does not hold the operating point is refused."""
    with pytest.raises(ValueError, match="around the operating point"):
        DecisionRule(0.5, 0.6, 0.7)
