"""How long radiographs wait for a free worker: a queue with random arrivals, simulated from measured service times."""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ARRIVALS = 200_000
WARM_UP = 0.1


@dataclass(frozen=True)
class Waiting:
    """Seconds that a radiograph waits before somebody begins with it: on average, and at the 95th percentile."""

    mean: float
    p95: float


def simulated(
    service: Sequence[float], *, workers: int, load: float, arrivals: int = ARRIVALS, seed: int = 1
) -> Waiting:
    """Poisson arrivals; each takes one of the measured `service` times (seconds), first come, first served.

    load: share of their time in which the workers are busy, below 1. The first tenth of the arrivals is not counted.
    Raises ValueError for a load that no queue survives.
    """
    if not 0 < load < 1 or workers < 1 or not service:
        raise ValueError("a load between 0 and 1, workers and service times are needed")
    chance = random.Random(seed)  # noqa: S311 - no secret
    rate = load * workers / statistics.fmean(service)
    free, now, waits = [0.0] * workers, 0.0, list[float]()
    for _ in range(arrivals):
        now += chance.expovariate(rate)
        begun = max(now, heapq.heappop(free))
        heapq.heappush(free, begun + chance.choice(service))
        waits.append(begun - now)
    counted = sorted(waits[int(arrivals * WARM_UP) :])
    return Waiting(statistics.fmean(counted), counted[int(0.95 * len(counted))])
