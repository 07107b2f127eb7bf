"""Each class against the rest, and how the probabilities of all classes are calibrated."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from diagnosis.findings import Classes
from diagnosis.inference.decision import Calibration, OtherClasses
from training.data.dataset import Refused
from training.evaluation.calibration_fit import fit_power
from training.evaluation.class_figures import class_figures

NAMES = Classes(("COVID", "Normal", "Viral"))


def drawn(images: int = 300, sharpness: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and probabilities (n, 3) that know something of them."""
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=images)
    logits = rng.normal(size=(images, 3)) + sharpness * np.eye(3)[labels]
    return labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_areas_are_those_of_one_class_against_the_rest():
    labels, probabilities = drawn()
    truth = labels[:, None] == np.arange(3)
    found = class_figures(truth, probabilities, NAMES, Refused(1, 2, (1, 0, 2)), resamples=100)
    for index, one in enumerate(found.classes):
        assert one.roc_auc is not None
        assert one.roc_auc.value == pytest.approx(roc_auc_score(truth[:, index], probabilities[:, index]))
        assert one.roc_auc.low < one.roc_auc.value < one.roc_auc.high
    assert [one.refused for one in found.classes] == [1, 0, 2]
    assert found.accuracy is not None
    assert found.confusion is not None
    assert np.trace(found.confusion) == round(found.accuracy.value * len(labels))
    assert [sum(row) for row in found.confusion] == np.bincount(labels).tolist()


def test_an_absent_class_has_no_area():
    labels, probabilities = drawn()
    labels = np.minimum(labels, 1)
    found = class_figures(labels[:, None] == np.arange(3), probabilities, NAMES, Refused(), resamples=20)
    assert found.classes[2].roc_auc is None
    assert found.mean_roc_auc is not None
    assert found.mean_roc_auc.value == pytest.approx(np.mean([one.roc_auc.value for one in found.classes[:2]]))  # type: ignore[union-attr]


def test_others_share_what_the_leading_one_leaves():
    _labels, probabilities = drawn()
    leading = Calibration(0.5, -1.0).apply(probabilities[:, 0])
    shared = OtherClasses(0.7).apply(probabilities, leading)
    np.testing.assert_allclose(shared.sum(axis=1), 1)
    np.testing.assert_array_equal(shared[:, 0], leading)
    assert (shared[:, 1:].argmax(axis=1) == probabilities[:, 1:].argmax(axis=1)).all()
    certain = OtherClasses(100.0).apply(np.array([[1.0, 0.0, 0.0]]), np.array([1.0]))
    assert np.isfinite(certain).all()


def test_the_power_undoes_what_was_too_sure():
    labels, probabilities = drawn(4000)
    honest = fit_power(labels, probabilities)
    assert fit_power(labels, probabilities**4) == pytest.approx(honest / 4, rel=0.02)


def test_classes_together_have_their_own_calibration():
    each = OtherClasses(each=(Calibration(2.0, 0.0), Calibration(1.0, 3.0)))
    found = each.apply(np.array([[0.2, 0.5, 0.5]]), np.array([0.3]))
    np.testing.assert_allclose(found, [[0.3, 0.5, 1 / (1 + np.exp(-3))]])


@pytest.mark.parametrize(
    "names",
    [("COVID",), ("COVID", "covid"), ("COVID", "a;b"), ("COVID", ""), ("COVID", "x" * 41), ("COVID", "negative")],
)
def test_names_no_version_may_have(names):
    with pytest.raises(ValueError, match="class"):
        Classes(names)
