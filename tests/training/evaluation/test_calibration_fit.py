"""Calibration of raw probabilities, and what a site's own prevalence does to them."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from diagnosis.inference.decision import Calibration, adjust_prevalence
from training.evaluation.calibration_fit import fit_calibration

COVID = 0


def drawn(slope: float, intercept: float, images: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Labels whose true logit is slope · raw logit + intercept, and the raw probabilities."""
    rng = np.random.default_rng(7)
    raw_logits = rng.normal(0, 2, images)
    return np.where(rng.random(images) < expit(slope * raw_logits + intercept), COVID, 1), expit(raw_logits)


def test_platt_finds_slope_and_intercept():
    """Platt finds the slope and intercept the labels were drawn with."""
    found = fit_calibration(*drawn(0.5, -1.0), "platt")
    assert (found.slope, found.intercept) == pytest.approx((0.5, -1.0), abs=0.06)


def test_platt_agrees_with_scikit_learn():
    labels, raw = drawn(0.7, 0.4, 3000)
    reference = LogisticRegression(C=np.inf).fit(logit(raw)[:, None], labels == COVID)
    found = fit_calibration(labels, raw, "platt")
    assert (found.slope, found.intercept) == pytest.approx((reference.coef_[0, 0], reference.intercept_[0]), abs=0.01)


def test_temperature_or_platt_is_chosen():
    """Temperature is chosen where only the confidence is wrong and platt where the level is."""
    assert fit_calibration(*drawn(0.4, 0.0)).intercept == pytest.approx(0.0, abs=0.05)
    shifted = fit_calibration(*drawn(1.0, -1.5))
    assert shifted.method == "platt"
    assert shifted.intercept == pytest.approx(-1.5, abs=0.06)


def test_temperature_has_no_intercept():
    assert fit_calibration(*drawn(1.0, -1.5), "temperature").intercept == 0.0


def test_calibration_keeps_the_order():
    """Calibration keeps the order of the images even of a network worse than chance."""
    labels, raw = drawn(-1.0, 0.0, 2000)
    calibrated = fit_calibration(labels, raw).apply(raw)
    assert (np.diff(calibrated[np.argsort(raw)]) >= 0).all()
    assert np.ptp(calibrated) < 0.1


def test_separated_classes_are_not_certain():
    labels, raw = np.repeat([COVID, 1], 50), np.repeat([0.999, 0.001], 50)
    calibrated = fit_calibration(labels, raw, "platt").apply(raw)
    assert calibrated == pytest.approx(np.repeat([51 / 52, 1 / 52], 50), abs=1e-3)


def test_saturated_probabilities_give_finite_numbers():
    assert np.isfinite(Calibration(3.0, 1.0, 0.5).apply([0.0, 1.0])).all()


def test_prevalence_is_of_validation():
    labels, raw = np.array([COVID] * 10 + [1] * 30), np.linspace(0.9, 0.1, 40)
    assert fit_calibration(labels, raw).prevalence == 0.25


def test_site_prevalence_by_hand():
    """Odds 0.8/0.2 = 4 at prevalence 0.5 (odds 1) become 4 · 0.1/0.9 = 0.444 at 10 %: 0.3077."""
    assert adjust_prevalence([0.8], 0.5, 0.1) == pytest.approx([4 / 13])
    assert Calibration(1.0, 0.0, 0.5).apply([0.8], site_prevalence=0.1) == pytest.approx([4 / 13])


def test_moving_the_point_changes_no_answer():
    """Moving the operating point with the probability changes no answer."""
    calibration, probabilities = Calibration(0.8, 0.2, 0.5), np.linspace(0.01, 0.99, 99)
    moved, point = calibration.at_site(probabilities, 0.02), calibration.at_site(0.24, 0.02)
    assert ((moved >= point) == (probabilities >= 0.24)).all()


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1])
def test_an_impossible_prevalence_is_refused(prevalence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust_prevalence([0.5], 0.5, prevalence)


def test_one_class_cannot_be_calibrated():
    with pytest.raises(ValueError, match="COVID and Non-COVID"):
        fit_calibration([COVID, COVID], [0.4, 0.6])
