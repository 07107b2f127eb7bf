"""The clear-film probe counts what is called Positive among COVID pictures on which nothing is seen."""

import numpy as np

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.decision import DecisionRule
from training.evaluation.clear_films import probe

COVID, OTHER = COVID_INDEX, 1 - COVID_INDEX
RULE = DecisionRule(0.5, 0.4, 0.6)


def test_shares_by_reading():
    labels = np.array([COVID, COVID, COVID, COVID, OTHER, OTHER])
    readings = ["negative", "negative", "typical", None, None, None]
    found = probe(labels, readings, np.array([0.9, 0.1, 0.8, 0.9, 0.2, 0.3]), RULE)
    assert found is not None
    assert (found.clear, found.typical) == (2, 1)
    assert (found.clear_called_positive, found.typical_called_positive) == (0.5, 1.0)
    assert found.auc == 0.5
    assert "50%" in found.as_dict()["meaning"]


def test_negative_readings_without_covid_do_not_count():
    labels = np.array([OTHER, COVID])
    assert probe(labels, ["negative", "typical"], np.array([0.9, 0.9]), RULE) is None


def test_without_readings_there_is_no_probe():
    assert probe(np.array([COVID, OTHER]), [None, None], np.array([0.9, 0.1]), RULE) is None
