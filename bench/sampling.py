"""Repeated measurements: contenders take turns, so that a machine that slows down slows all of them down."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """What was measured: the part of the benchmark, the contender, and with which input (0 where it has no number).

    size: images in a batch, threads, megapixels or, of training, the stage.
    """

    part: str
    name: str
    size: float = 0


@dataclass(frozen=True)
class Measurement:
    """The median of some rounds, with the lowest and the highest of them."""

    key: Key
    unit: str
    median: float
    low: float
    high: float
    rounds: int


def interleaved(contenders: Mapping[Key, Callable[[], float]], unit: str, rounds: int) -> list[Measurement]:
    """Ask every contender once in every round, each round beginning with another one.

    A contender warms itself up before it is given here. Raises ValueError without rounds.
    """
    samples: dict[Key, list[float]] = {key: [] for key in contenders}
    keys = list(contenders)
    for turn in range(rounds):
        first = turn % len(keys)
        for key in keys[first:] + keys[:first]:
            samples[key].append(contenders[key]())
    return [measured(key, unit, values) for key, values in samples.items()]


def measured(key: Key, unit: str, values: Sequence[float]) -> Measurement:
    """Raises ValueError when there is no value."""
    if not values:
        raise ValueError(f"{key} was not measured")
    return Measurement(key, unit, statistics.median(values), min(values), max(values), len(values))


class Results:
    """The measurements of a run, and what was not measured, with the reason."""

    def __init__(self) -> None:
        self.measurements: dict[Key, Measurement] = {}
        self.not_measured: dict[Key, str] = {}

    def add(self, measurements: Sequence[Measurement]) -> None:
        self.measurements |= {measurement.key: measurement for measurement in measurements}

    def leave_out(self, key: Key, reason: str) -> None:
        self.not_measured[key] = reason

    def median(self, part: str, name: str, size: float = 0) -> float | None:
        """None when it was not measured."""
        found = self.measurements.get(Key(part, name, size))
        return found.median if found else None

    def sizes(self, part: str, name: str) -> list[float]:
        """With which inputs it was measured, in order."""
        return sorted(key.size for key in self.measurements if (key.part, key.name) == (part, name))
