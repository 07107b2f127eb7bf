"""Limits of the gate's scores, chosen on good radiographs of sources that the heads had not seen.

Each code gets the same share of false alarms, and that share is as large as all codes together may refuse. A limit is
no lower than is needed to catch the fault itself on those sources: alarms that find nothing are not spent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnosis.inference.gate.learned import WARNED_ONLY, Limits

STEPS = 20
"""Of the bisection."""
NEVER = 1e9
"""A limit that no score reaches."""


@dataclass(frozen=True)
class Allowances:
    """Shares of good adult radiographs, 0 to 1, averaged over sources, that all codes together may refuse and limit.

    warned: the share of each code that only warns. limiting_only: codes that never refuse. room: log-odds added
    to each limit of refusal, since the next source differs from these.
    """

    refused: float = 0.003
    limited: float = 0.03
    warned: float = 0.02
    limiting_only: frozenset[str] = frozenset({"child"})
    room: float = 1.5


def choose_limits(
    scores: Mapping[str, np.ndarray],
    sources: np.ndarray,
    allow: Allowances,
    needed: Mapping[str, float] | None = None,
) -> dict[str, Limits]:
    """scores: by code, (n,) of good adult radiographs of left-out sources; sources: (n,) their names.

    needed: by code, a score that nearly all pictures with the fault exceed; no limit is lower.
    """
    judged = [code for code in scores if code not in WARNED_ONLY]
    refusing = [code for code in judged if code not in allow.limiting_only]
    within = limits_within(scores, sources, refusing, allow.refused)
    refused = {code: limit + allow.room for code, limit in within.items()}
    limited = limits_within(scores, sources, judged, allow.limited)
    chosen = {code: _raised(limited[code], refused.get(code, NEVER), (needed or {}).get(code)) for code in judged}
    return chosen | {
        code: Limits(quantile_over_sources(scores[code], sources, 1 - allow.warned), NEVER) for code in WARNED_ONLY
    }


def _raised(limited: float, refused: float, needed: float | None) -> Limits:
    least = -np.inf if needed is None else needed
    refused = max(refused, least)
    return Limits(min(max(limited, least), refused), refused)


def limits_within(
    scores: Mapping[str, np.ndarray], sources: np.ndarray, codes: Sequence[str], allowed: float
) -> dict[str, float]:
    """The lowest limits, at the same share for each code, above which at most ``allowed`` of all pictures lie."""
    low, high = 0.0, allowed
    for _ in range(STEPS):
        share = (low + high) / 2
        limits = _at(scores, sources, codes, share)
        above = np.any([scores[code] > limits[code] for code in codes], axis=0)
        low, high = (low, share) if mean_over_sources(above, sources) > allowed else (share, high)
    return _at(scores, sources, codes, low)


def quantile_over_sources(values: np.ndarray, sources: np.ndarray, level: float) -> float:
    """A quantile in which every source weighs the same."""
    names, numbers, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1 / (counts[numbers] * len(names))
    order = np.argsort(values, kind="stable")
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), level - 1e-12)])


def mean_over_sources(values: np.ndarray, sources: np.ndarray) -> float:
    return float(np.mean(list(by_source(values, sources).values())))


def by_source(values: np.ndarray, sources: np.ndarray) -> dict[str, float]:
    """The mean of each source's values."""
    return {str(source): float(values[sources == source].mean()) for source in np.unique(sources)}


def _at(scores: Mapping[str, np.ndarray], sources: np.ndarray, codes: Iterable[str], share: float) -> dict[str, float]:
    return {code: quantile_over_sources(scores[code], sources, 1 - share) for code in codes}
