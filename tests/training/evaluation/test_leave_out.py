"""Left-out sources: what is trained on without them, and what the table says."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.decision import Calibration, DecisionRule
from training.evaluation.leave_out import (
    LeftOut,
    Pictures,
    equal_weights,
    leave_out,
    leave_out_each,
    summary,
    table,
    weighted_auc,
)

COVID, OTHER = COVID_INDEX, 1 - COVID_INDEX
RULE = DecisionRule(0.5, 0.4, 0.6)


def pictures(**changes: Any) -> Pictures:
    """Four sources of 20, every fourth picture held back; "web" and "bimcv" are COVID, the others are not."""
    sources = np.repeat(["web", "nih", "siim", "bimcv"], 20)
    values: dict[str, Any] = {
        "labels": np.where(np.isin(sources, ["web", "bimcv"]), COVID, OTHER),
        "sources": sources,
        "groups": np.arange(80),
        "held_back": np.arange(80) % 4 == 0,
    }
    return Pictures(**{**values, **changes})


def by_row(seen: list[np.ndarray]) -> Any:
    """A recipe that remembers what it was trained on and scores a picture by its number."""

    def fit(rows: np.ndarray) -> Any:
        seen.append(rows)
        return lambda others: -others.astype(float)

    return fit


def left_out(source: str, labels: list[int], logits: list[float], auc: float = 0.5) -> LeftOut:
    return LeftOut(source, np.array(labels), np.array(logits, float), auc, "")


def test_neither_it_nor_held_back_pictures_are_trained_on():
    seen: list[np.ndarray] = []
    leave_out(pictures(), by_row(seen), "nih", ["nih"])
    expected = [row for row in range(80) if row % 4 and not 20 <= row < 40]
    np.testing.assert_array_equal(seen[0], expected)


def test_copies_elsewhere_are_left_out_too():
    groups = np.arange(80)
    groups[41] = groups[21]
    seen: list[np.ndarray] = []
    leave_out(pictures(groups=groups), by_row(seen), "nih", ["nih"])
    assert 41 not in seen[0]


def test_sources_are_left_out_together():
    labels = np.where(np.arange(80) % 2 == 0, COVID, OTHER)
    seen: list[np.ndarray] = []
    found = leave_out_each(pictures(labels=labels), by_row(seen), {"web": ["web"], "others": ["nih", "siim"]})
    assert [(one.source, len(one.labels)) for one in found] == [("web", 20), ("others", 40)]
    assert set(seen[1] // 20) == {0, 3}


def test_one_class_is_compared_with_held_back_pictures():
    found = leave_out(pictures(), by_row([]), "web", ["web"])
    assert found.auc == 1.0  # rows of "web" come first and score highest
    assert "held-back" in found.against


def test_two_classes_are_compared_with_each_other():
    labels = np.where(np.arange(80) % 2 == 0, COVID, OTHER)
    found = leave_out(pictures(labels=labels), by_row([]), "siim", ["siim"])
    assert found.auc == pytest.approx(roc_auc_score(labels[40:60] == COVID, -np.arange(40, 60)))


def test_nothing_left_to_train_on():
    with pytest.raises(ValueError, match="nothing left"):
        leave_out(pictures(), by_row([]), "COVID", ["web", "bimcv"])


def test_the_table_counts_answers():
    rows = table([left_out("nih", [OTHER] * 4, [-3, 0, 3, -4])], Calibration(), RULE)
    assert [(row.called_positive, row.called_indeterminate, row.called_negative) for row in rows] == [(0.25, 0.25, 0.5)]
    assert rows[0].wrong == pytest.approx(1 / 3)


def test_a_source_of_both_classes_has_two_rows():
    rows = table([left_out("siim", [COVID, OTHER], [3, 3])], Calibration(), RULE)
    assert [(row.label, row.wrong) for row in rows] == [("COVID", 0.0), ("Non-COVID", 1.0)]


def test_sources_weigh_the_same():
    both = [left_out("web", [COVID] * 9, [1] * 9), left_out("a", [OTHER], [0]), left_out("b", [OTHER] * 3, [0] * 3)]
    weights = equal_weights(both)
    assert weights.sum() == pytest.approx(1)
    assert weights[:9].sum() == pytest.approx(0.5)
    assert weights[9] == pytest.approx(weights[10:].sum())


def test_the_summary_names_mean_and_worst():
    figures = summary([left_out("web", [COVID], [2], 0.9), left_out("nih", [OTHER], [1], 0.7)])
    assert figures == pytest.approx({"mean": 0.8, "worst": 0.7, "pooled": 1.0})


def test_the_auc_is_scikit_learns():
    rng = np.random.default_rng(0)
    positive, scores, weights = rng.random(80) < 0.4, rng.integers(0, 9, 80).astype(float), rng.random(80)
    expected = roc_auc_score(positive, scores, sample_weight=weights)
    assert weighted_auc(positive, scores, weights) == pytest.approx(expected)
