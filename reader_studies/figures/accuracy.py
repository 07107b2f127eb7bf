"""Accuracy against a reference standard: ROC curve and area, and differences of paired readings, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import Estimate
from diagnosis.statistics.shares import Z, wilson
from reader_studies.figures.resampling import Floats, estimate, ratio, weights

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class RocPoint:
    """Both 0..1."""

    false_positives: float
    sensitivity: float


def roc(scores: Floats, is_positive: Bools) -> list[RocPoint]:
    """The curve from (0, 0) to (1, 1), one point for each value that scores take. Both kinds must be there."""
    points = [RocPoint(0.0, 0.0)]
    for value in np.unique(scores)[::-1]:
        called = scores >= value
        points.append(RocPoint(float(called[~is_positive].mean()), float(called[is_positive].mean())))
    return points


def auc(scores: Floats, is_positive: Bools) -> Estimate | None:
    """The area under the curve by the trapezoid, which is Mann and Whitney's statistic; ties count half.

    None where one kind is missing. Interval: bootstrap over cases; where scores part the two kinds wholly, the draws do
    not vary, and the far end is that of Wilson's interval for as many cases as the rarer kind has.
    """
    rarer = int(min(is_positive.sum(), (~is_positive).sum()))
    if rarer == 0:
        return None
    areas = _areas(scores, is_positive, weights(len(scores)))
    if areas[0] in (0.0, 1.0):
        share = int(areas[0]) * rarer
        return wilson(share, rarer)
    return estimate(areas)


def auc_difference(first: list[Floats], second: list[Floats], is_positive: Bools) -> Estimate | None:
    """Second minus first, the mean over readers; each list has one array of scores for each reader, same cases."""
    drawn = weights(len(is_positive))
    pairs = zip(first, second, strict=True)
    changes = [_areas(after, is_positive, drawn) - _areas(before, is_positive, drawn) for before, after in pairs]
    values = np.mean(changes, axis=0)
    return estimate(values) if np.nanstd(values[1:]) > 0 else None


def _areas(scores: Floats, is_positive: Bools, drawn: Floats) -> Floats:
    """For each row of weights."""
    values, places = np.unique(scores, return_inverse=True)
    one_hot = np.eye(len(values))[places]
    positives = drawn @ (one_hot * is_positive[:, None])
    negatives = drawn @ (one_hot * ~is_positive[:, None])
    below = np.cumsum(negatives, axis=1) - negatives
    won = (positives * (below + negatives / 2)).sum(axis=1)
    return ratio(won, positives.sum(axis=1) * negatives.sum(axis=1))


def paired_difference(first: Bools, second: Bools) -> Estimate | None:
    """Second share minus first, of the same cases read twice by one reader; None without a case.

    Agresti and Min, Statistics in Medicine 24, 2005: Wald's interval with half a case added to each cell, which has a
    width even where nothing changed.
    """
    cases = len(first)
    if cases == 0:
        return None
    gained, lost = float((second & ~first).sum()), float((first & ~second).sum())
    number, more, less = cases + 2, gained + 0.5, lost + 0.5
    middle = (more - less) / number
    half = Z * sqrt(more + less - (more - less) ** 2 / number) / number
    point = (gained - lost) / cases
    return Estimate(point, max(min(middle - half, point), -1.0), min(max(middle + half, point), 1.0))


def pooled_difference(first: Bools, second: Bools) -> Estimate | None:
    """The mean over readers of the same; shape (cases, readers). Cases are drawn, readers are not.

    So it holds for these readers. Where nothing changed in any case, the interval is as that of one reader.
    """
    cases = len(first)
    if cases == 0:
        return None
    changes = (second.astype(float) - first.astype(float)).mean(axis=1)
    values = weights(cases) @ changes / cases
    if not changes.any():
        return paired_difference(np.zeros(cases, bool), np.zeros(cases, bool))
    return estimate(values)
