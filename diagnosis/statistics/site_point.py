"""The operating point that an installation's own RT-PCR results would choose for a model version, with its interval.

Chosen as training does (the highest specificity among those with a sensitivity of at least 95 %), from first answers of
this version whose RT-PCR result counts in the scorecard. A limited picture is Indeterminate at any operating point, so
its answer does not count here. Until an administrator puts it in force (`point_choice.py`) it changes no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import LEVEL, Estimate
from diagnosis.inference.decision import DecisionRule
from diagnosis.models import Diagnosis, ModelVersion, Outcome
from diagnosis.statistics.scorecard import answers_that_count
from diagnosis.statistics.shares import Share

FEWEST_CASES = 100
"""Of each kind, positive and negative: with fewer the interval spans half of the scale."""
MIN_SENSITIVITY = 0.95
RESAMPLES, SEED = 1000, 0
MOST_CASES = 50_000
"""The newest ones."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """Rising probabilities of COVID, 0..1, of those with a positive and those with a negative RT-PCR."""

    covid: Floats
    others: Floats

    @property
    def are_enough(self) -> bool:
        return min(len(self.covid), len(self.others)) >= FEWEST_CASES


@dataclass(frozen=True)
class FiguresAt:
    """Sensitivity and specificity at an operating point, and the share of all cases in the band around it."""

    sensitivity: Estimate | None
    specificity: Estimate | None
    indeterminate: Estimate | None


def cases_of(model: ModelVersion) -> Cases:
    """Of all institutions of this installation together."""
    rows = answers_that_count(Diagnosis.objects.filter(model_version=model)).exclude(quality=Diagnosis.Quality.LIMITED)
    found = list(rows.order_by("-pk").values_list("outcome", "probability")[:MOST_CASES])
    covid, others = (
        np.sort(np.array([score for outcome, score in found if outcome == truth], float)) for truth in _TRUTHS
    )
    return Cases(covid, others)


_TRUTHS = (Outcome.Result.POSITIVE, Outcome.Result.NEGATIVE)


def figures_at(cases: Cases, rule: DecisionRule) -> FiguresAt:
    """Whether the probability reaches the point is what counts; how many the band refers is a figure of its own."""
    point, low, high = rule.operating_point, rule.indeterminate_low, rule.indeterminate_high
    everyone = np.concatenate([cases.covid, cases.others])
    referred = int(((everyone >= low) & (everyone < high)).sum())
    return FiguresAt(
        Share(int((cases.covid >= point).sum()), len(cases.covid)).estimate,
        Share(int((cases.others < point).sum()), len(cases.others)).estimate,
        Share(referred, len(everyone)).estimate,
    )


def best_point(cases: Cases) -> Estimate | None:
    """With the 95 % interval of the bootstrap (percentiles), the same for the same cases; None of too few."""
    if not cases.are_enough:
        return None
    rng = np.random.default_rng(SEED)
    again = [_point(np.sort(rng.choice(cases.covid, len(cases.covid)))) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(_point(cases.covid), float(low), float(high))


def _point(covid: Floats) -> float:
    """The highest score that leaves at most 5 % of the rising scores of COVID below it."""
    return float(covid[int(np.floor((1 - MIN_SENSITIVITY) * len(covid) + 1e-9))])
