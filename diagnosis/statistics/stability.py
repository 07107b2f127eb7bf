"""Population stability index (PSI): how far one distribution is from another, and whether chance alone explains it.

PSI is the sum over groups of (now − before) · ln(now / before) of their shares (Siddiqi 2006): 0 is equal, below 0.1
little, from 0.25 on much. PSI / (1/n + 1/m) of two samples of n and m from one population follows chi-squared with
(groups − 1) degrees of freedom (Yurdakul 2018): what it exceeds only once in a thousand times is no chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import log

from scipy.special import chdtri

FEWEST = 100
"""Results in each of the two: fewer say nothing."""
SOME, MUCH = 0.1, 0.25
GROUPS = 10
_ADDED = 0.5
"""To each group, so that an empty one has a logarithm."""
_HARDLY_EVER = 0.001


class State(StrEnum):
    TOO_FEW = "too-few"
    STEADY = "steady"
    SOME = "some"
    MUCH = "much"


@dataclass(frozen=True)
class Stability:
    """groups: names. before, now: how many results in each. chance: what two equal populations exceed hardly ever."""

    groups: tuple[str, ...]
    before: tuple[int, ...]
    now: tuple[int, ...]

    @property
    def is_enough(self) -> bool:
        return min(sum(self.before), sum(self.now)) >= FEWEST

    @property
    def psi(self) -> float:
        """Raises ZeroDivisionError without groups."""
        pairs = zip(_shares(self.before), _shares(self.now), strict=True)
        return sum((now - before) * log(now / before) for before, now in pairs)

    @property
    def chance(self) -> float:
        degrees = max(len(self.groups) - 1, 1)
        return float(chdtri(degrees, _HARDLY_EVER)) * (1 / max(sum(self.before), 1) + 1 / max(sum(self.now), 1))

    @property
    def state(self) -> State:
        if not self.is_enough:
            return State.TOO_FEW
        if self.psi < SOME or self.psi <= self.chance:
            return State.STEADY
        return State.MUCH if self.psi >= MUCH else State.SOME


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) + _ADDED * len(counts)
    return [(count + _ADDED) / total for count in counts]


def by_name(names: Sequence[str], before: Mapping[str, int], now: Mapping[str, int]) -> Stability:
    """Groups that have names."""
    return Stability(tuple(names), tuple(before.get(n, 0) for n in names), tuple(now.get(n, 0) for n in names))


def by_tenths(before: Mapping[int, int], now: Mapping[int, int], *, steps: int) -> Stability:
    """Counts by step, of which a unit has `steps`; grouped so that each holds about a tenth of those before."""
    ends = _tenths(before)
    texts = [f"{end / steps:.2f}".replace("-", "−") for end in ends]
    between = [f"{low} – {high}" for low, high in pairwise(texts)]
    groups = (f"< {texts[0]}", *between, f"≥ {texts[-1]}") if texts else ("",)
    return Stability(groups, _grouped(before, ends), _grouped(now, ends))


def _tenths(counts: Mapping[int, int]) -> list[int]:
    """The steps at which a new group begins, rising; fewer than nine where a step alone holds more than a tenth."""
    total, so_far, tenth, ends = sum(counts.values()), 0, 1, list[int]()
    for step in sorted(counts)[:-1]:
        so_far += counts[step]
        if so_far * GROUPS >= total * tenth and tenth < GROUPS:
            ends.append(step + 1)
            tenth = so_far * GROUPS // total + 1
    return ends


def _grouped(counts: Mapping[int, int], ends: Sequence[int]) -> tuple[int, ...]:
    found = [0] * (len(ends) + 1)
    for step, number in counts.items():
        found[sum(step >= end for end in ends)] += number
    return tuple(found)
