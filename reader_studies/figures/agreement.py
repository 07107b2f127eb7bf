"""Agreement beyond chance: Cohen's kappa of two readers, Fleiss's of several, with intervals.

Cohen, Educational and Psychological Measurement 20, 1960. Fleiss, Psychological Bulletin 76, 1971. Intervals: bootstrap
over cases. Where nobody ever differs the draws do not vary: then the lower end is that kappa which the lower end of
Wilson's interval of the agreement gives at the same agreement by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import Estimate
from diagnosis.statistics.shares import wilson
from reader_studies.figures.resampling import Floats, estimate, ratio, weights

Codes = NDArray[np.int64]
"""Conclusions as 0, 1, 2 …"""


@dataclass(frozen=True)
class Kappa:
    """`agreement` is the share of cases, or of pairs of readings, that agree; `kappa` None where it is undefined."""

    cases: int
    agreement: float
    kappa: Estimate | None


def cohen(first: Codes, second: Codes, categories: int) -> Kappa:
    """Of two readers' conclusions about the same cases, at least one."""
    cases = len(first)
    cells = np.eye(categories**2)[first * categories + second]
    tables = (weights(cases) @ cells).reshape(-1, categories, categories) / cases
    observed = np.trace(tables, axis1=1, axis2=2)
    expected = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1)
    return _kappa(cases, observed, expected)


def fleiss(conclusions: Codes, categories: int) -> Kappa:
    """Shape (cases, readers): each of at least two readers concluded about each case."""
    cases, readers = conclusions.shape
    counts = np.stack([(conclusions == category).sum(axis=1) for category in range(categories)], axis=1).astype(float)
    alike = ((counts**2).sum(axis=1) - readers) / (readers * (readers - 1))
    drawn = weights(cases)
    shares = drawn @ counts / (cases * readers)
    return _kappa(cases, drawn @ alike / cases, (shares**2).sum(axis=1))


def _kappa(cases: int, observed: Floats, expected: Floats) -> Kappa:
    point = float(observed[0])
    if np.isclose(expected[0], 1):
        return Kappa(cases, point, None)
    if np.isclose(point, 1):
        low = (wilson(cases, cases).low - expected[0]) / (1 - expected[0])
        return Kappa(cases, point, Estimate(1.0, float(low), 1.0))
    possible = np.where(np.isclose(expected, 1), 0.0, 1 - expected)
    return Kappa(cases, point, estimate(ratio(observed - expected, possible)))
