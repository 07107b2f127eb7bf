"""The operating point by an installation's own RT-PCR results: with an interval, never of few cases."""

import numpy as np
import pytest

from accounts.models import User
from diagnosis.inference.decision import DecisionRule
from diagnosis.models import Diagnosis, ModelVersion
from diagnosis.statistics import site_point as module
from diagnosis.statistics.site_point import best_point, cases_of, figures_at
from tests.rows import stored_result

CASES = 20


@pytest.fixture
def model(alice: User, monkeypatch: pytest.MonkeyPatch) -> ModelVersion:
    """Twenty of each outcome: COVID from 0.40 to 0.97, the others from 0.015 to 0.585."""
    monkeypatch.setattr(module, "FEWEST_CASES", CASES)
    for number in range(CASES):
        for outcome, lowest in (("positive", 0.4), ("negative", 0.015)):
            stored = stored_result(alice)
            probability = lowest + 0.03 * number
            Diagnosis.objects.filter(pk=stored.pk).update(outcome=outcome, probability=probability)
    return Diagnosis.objects.latest("pk").model_version


def test_it_is_what_training_would_choose(model: ModelVersion) -> None:
    """Of twenty, nineteen must be Positive: the second lowest score, with an interval about it."""
    cases = cases_of(model)
    point = best_point(cases)
    assert (len(cases.covid), len(cases.others)) == (CASES, CASES)
    assert point is not None
    assert point.value == pytest.approx(0.43)
    assert point.low < 0.43 < point.high < 0.65
    figures = figures_at(cases, DecisionRule(point.value, 0.40, 0.45))
    assert figures.sensitivity is not None
    assert figures.sensitivity.value == pytest.approx(0.95)
    assert figures.specificity is not None
    assert figures.specificity.value == pytest.approx(np.mean([0.015 + 0.03 * number < 0.43 for number in range(20)]))
    assert figures.indeterminate is not None
    assert figures.indeterminate.value == pytest.approx(4 / 40), "0.40, 0.405, 0.43 and 0.435"


@pytest.mark.parametrize("left_out", [{"standing": "voided"}, {"quality": "limited"}])
def test_of_fewer_cases_none_is_proposed(model: ModelVersion, left_out: dict[str, str]) -> None:
    one = Diagnosis.objects.filter(outcome="negative").first()
    assert one
    Diagnosis.objects.filter(pk=one.pk).update(**left_out)
    cases = cases_of(model)
    assert (len(cases.others), best_point(cases)) == (CASES - 1, None)
