"""The figures against published examples, scikit-learn and cases that can be counted by hand."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score, roc_curve

from reader_studies.figures.accuracy import auc, auc_difference, paired_difference, pooled_difference, roc
from reader_studies.figures.agreement import cohen, fleiss

PUBLISHED = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
"""Fourteen raters, ten subjects, five categories: the worked example of Fleiss's kappa, whose result is 0.210."""


def invented(cases: int = 80) -> Any:
    rng = np.random.default_rng(1)
    truth = rng.random(cases) < 0.5
    scores = np.clip(np.round(truth * 1.2 + rng.normal(2.4, 1, cases)), 1, 5)
    return truth, scores


def test_fleiss_published_example() -> None:
    ratings = np.array([np.repeat(np.arange(5), row) for row in PUBLISHED])
    found = fleiss(ratings, 5)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.210, abs=0.0005)
    assert found.kappa.low < 0.210 < found.kappa.high
    assert found.agreement == pytest.approx(0.378, abs=0.0005)


def test_cohen_as_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 3, 120)
    second = np.where(rng.random(120) < 0.6, first, rng.integers(0, 3, 120))
    found = cohen(first, second, 3)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(cohen_kappa_score(first, second))
    draws = [cohen_kappa_score(first[some], second[some]) for some in rng.integers(0, 120, (400, 120))]
    assert (found.kappa.low, found.kappa.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.03)


def test_complete_agreement_has_an_interval() -> None:
    """Ten cases on which two readers agree prove little; a bootstrap would say that nothing is uncertain."""
    codes = np.array([0, 2] * 5)
    for found in (cohen(codes, codes, 3), fleiss(np.stack([codes, codes], axis=1), 3)):
        assert found.kappa is not None
        assert found.kappa.value == 1
        assert 0.3 < found.kappa.low < 0.6


def test_one_answer_only_has_no_kappa() -> None:
    assert cohen(np.zeros(12, int), np.zeros(12, int), 3).kappa is None


def test_area_and_curve_as_scikit_learn() -> None:
    truth, scores = invented()
    found = auc(scores, truth)
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(truth, scores))
    rng = np.random.default_rng(2)
    draws = [roc_auc_score(truth[some], scores[some]) for some in rng.integers(0, len(truth), (400, len(truth)))]
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.03)
    false_positives, sensitivities, _thresholds = roc_curve(truth, scores, drop_intermediate=False)
    points = roc(scores, truth)
    assert [point.false_positives for point in points] == pytest.approx(false_positives)
    assert [point.sensitivity for point in points] == pytest.approx(sensitivities)


def test_a_perfect_reader_of_few_cases() -> None:
    truth = np.array([True] * 10 + [False] * 40)
    found = auc(truth.astype(float), truth)
    assert found is not None
    assert (found.value, round(found.low, 2)) == (1.0, 0.72)


def test_paired_difference_by_hand() -> None:
    """Of 20 cases 6 were gained and 1 lost: (6.5 - 1.5) / 22 ± 1.96 · √(8 - 25 / 22) / 22."""
    first = np.array([True] * 8 + [False] * 12)
    second = np.array([False] + [True] * 13 + [False] * 6)
    found = paired_difference(first, second)
    assert found is not None
    assert found.value == pytest.approx(0.25)
    assert (found.low, found.high) == pytest.approx((-0.0062, 0.4608), abs=0.0005)


def test_no_change_has_a_width() -> None:
    same = np.ones((10, 3), bool)
    for found in (paired_difference(same[:, 0], same[:, 0]), pooled_difference(same, same)):
        assert found is not None
        assert found.value == 0
        assert found.low < -0.1 < 0.1 < found.high


def test_pooled_difference_is_the_mean_of_readers() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.random((60, 3)) < 0.6, rng.random((60, 3)) < 0.8
    found = pooled_difference(first, second)
    assert found is not None
    assert found.value == pytest.approx((second.mean(axis=0) - first.mean(axis=0)).mean())
    assert found.low < found.value < found.high


def test_difference_of_areas() -> None:
    truth, scores = invented()
    better = scores + truth
    found = auc_difference([scores], [better], truth)
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(truth, better) - roc_auc_score(truth, scores))
    assert found.low > 0
