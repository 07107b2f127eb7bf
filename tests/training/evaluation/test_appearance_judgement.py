"""AUC and kappa of readers' words against scikit-learn's, and intervals over patients."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from training.evaluation.appearance_judgement import appearance_figures, confusion_of, quadratic_kappa

RNG = np.random.default_rng(1)
TRUTH = RNG.integers(0, 4, 200)
SCORES = RNG.dirichlet(np.ones(4), 200) + 0.4 * np.eye(4)[TRUTH]
FOUND = SCORES / SCORES.sum(axis=1, keepdims=True)


def test_figures_are_those_of_scikit_learn():
    figures = appearance_figures(FOUND, TRUTH, np.arange(200), resamples=20)
    each = [roc_auc_score(kind == TRUTH, FOUND[:, kind]) for kind in range(4)]
    assert [one.value for one in figures.auc] == pytest.approx(each)
    assert figures.mean_auc.value == pytest.approx(np.mean(each))
    assert figures.kappa.value == pytest.approx(cohen_kappa_score(TRUTH, FOUND.argmax(axis=1), weights="quadratic"))
    assert figures.kappa.low < figures.kappa.value < figures.kappa.high
    assert figures.confusion.sum() == sum(figures.pictures) == 200


def test_far_mistakes_weigh_more():
    near, far = np.minimum(TRUTH + 1, 3), np.where(TRUTH == 0, 3, TRUTH)
    assert quadratic_kappa(confusion_of(TRUTH, near)) > 0.6
    assert quadratic_kappa(confusion_of(TRUTH, far)) < 0.4
    assert quadratic_kappa(confusion_of(TRUTH, TRUTH)) == 1


def test_one_patient_s_pictures_are_drawn_together():
    """Ten copies of each picture say no more than one of them, and the interval must not narrow."""
    alone = appearance_figures(FOUND, TRUTH, np.arange(200), resamples=200).mean_auc
    ten = np.repeat(np.arange(200), 10)
    copied = appearance_figures(FOUND[ten], TRUTH[ten], ten, resamples=200).mean_auc
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.35)
