"""The operating point that an installation's own RT-PCR results would choose for the model in use, with its interval.

Chosen as training does (the highest specificity among those with a sensitivity of at least 95 %), from first answers of
this version whose RT-PCR result counts in the scorecard. It is a proposal: it changes no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import LEVEL, Estimate
from diagnosis.models import Diagnosis, Outcome
from diagnosis.statistics.scorecard import answers_that_count
from diagnosis.statistics.shares import Share
from diagnosis.wording.numbers import interval, number

FEWEST_CASES = 100
"""Of each kind, positive and negative: with fewer the interval spans half of the scale."""
MIN_SENSITIVITY = 0.95
RESAMPLES, SEED = 1000, 0
MOST_CASES = 50_000
"""The newest ones."""


@dataclass(frozen=True)
class SitePoint:
    """point: with the 95 % interval of the bootstrap (percentiles); None where there are too few cases."""

    positives: int
    negatives: int
    point: Estimate | None = None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None


def site_point(version: str) -> SitePoint:
    """Of all institutions of this installation together."""
    rows = answers_that_count(Diagnosis.objects.filter(model_version__version=version))
    found = list(rows.order_by("-pk").values_list("outcome", "probability")[:MOST_CASES])
    scores = {truth: np.sort([score for outcome, score in found if outcome == truth]) for truth in _TRUTHS}
    covid, others = (scores[truth].astype(float) for truth in _TRUTHS)
    if min(len(covid), len(others)) < FEWEST_CASES:
        return SitePoint(len(covid), len(others))
    point = _point(covid)
    rng = np.random.default_rng(SEED)
    again = [_point(np.sort(rng.choice(covid, len(covid)))) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return SitePoint(
        len(covid),
        len(others),
        Estimate(point, float(low), float(high)),
        Share(int((covid >= point).sum()), len(covid)).estimate,
        Share(int((others < point).sum()), len(others)).estimate,
    )


_TRUTHS = (Outcome.Result.POSITIVE, Outcome.Result.NEGATIVE)


def _point(covid: NDArray[np.float64]) -> float:
    """The highest score that leaves at most 5 % of the rising scores of COVID below it."""
    return float(covid[int(np.floor((1 - MIN_SENSITIVITY) * len(covid) + 1e-9))])


@dataclass(frozen=True)
class OwnPoint:
    """The same as texts, for a page; `point` is empty where there are too few cases."""

    positives: str
    negatives: str
    fewest: str
    point: str
    sensitivity: str
    specificity: str


def own_point_in_words(version: str) -> OwnPoint:
    found = site_point(version)
    texts = (interval(each) for each in (found.sensitivity, found.specificity))
    point = interval(found.point) if found.point else ""
    return OwnPoint(number(found.positives), number(found.negatives), number(FEWEST_CASES), point, *texts)
