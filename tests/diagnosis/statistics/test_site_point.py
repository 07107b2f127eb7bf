"""The operating point by an installation's own RT-PCR results: a proposal with an interval, never of few cases."""

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.statistics import site_point as module
from diagnosis.statistics.site_point import site_point
from tests.cast import client_of
from tests.rows import stored_result

CASES = 20


@pytest.fixture
def results(alice: User, monkeypatch: pytest.MonkeyPatch) -> str:
    """Twenty of each outcome: COVID from 0.40 to 0.97, the others from 0.015 to 0.585."""
    monkeypatch.setattr(module, "FEWEST_CASES", CASES)
    for number in range(CASES):
        for outcome, lowest in (("positive", 0.4), ("negative", 0.015)):
            stored = stored_result(alice)
            probability = lowest + 0.03 * number
            Diagnosis.objects.filter(pk=stored.pk).update(outcome=outcome, probability=probability)
    return Diagnosis.objects.latest("pk").model_version.version


def test_it_is_what_training_would_choose(results: str) -> None:
    """Of twenty, nineteen must be Positive: the second lowest score, with an interval about it."""
    found = site_point(results)
    assert (found.positives, found.negatives) == (CASES, CASES)
    assert found.point is not None
    assert found.point.value == pytest.approx(0.43)
    assert found.point.low < 0.43 < found.point.high < 0.65
    assert found.sensitivity is not None
    assert found.sensitivity.value == pytest.approx(0.95)
    assert found.specificity is not None
    assert found.specificity.value == pytest.approx(np.mean([0.015 + 0.03 * number < 0.43 for number in range(CASES)]))


def test_of_fewer_cases_none_is_proposed(results: str) -> None:
    one = Diagnosis.objects.filter(outcome="negative").first()
    assert one
    Diagnosis.objects.filter(pk=one.pk).update(standing="voided")
    found = site_point(results)
    assert (found.negatives, found.point) == (CASES - 1, None)
    assert site_point("another").point is None


def test_the_page_says_that_it_changes_nothing(results: str, dora: User, client: Client, toy_models: object) -> None:
    page = client_of(dora).get("/admin/diagnosis/modelversion/choose/").content.decode()
    assert "Operating point by your own RT-PCR results" in page
