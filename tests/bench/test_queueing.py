"""Simulated waiting times against what is known of such queues."""

import math
import random

import pytest

from bench.queueing import simulated


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_one_worker_waits_as_the_formula_says(load: float) -> None:
    """Pollaczek and Khinchine: with service times that are all alike, load / (2 (1 - load)) of one."""
    waiting = simulated([1.0], workers=1, load=load)
    assert waiting.mean == pytest.approx(load / (2 * (1 - load)), rel=0.05)


def test_several_workers_wait_as_erlang_says() -> None:
    chance = random.Random(2)
    service = [chance.expovariate(1) for _ in range(50_000)]
    workers, load = 4, 0.8
    offered = workers * load
    busy = offered**workers / math.factorial(workers) / (1 - load)
    waits = busy / (sum(offered**k / math.factorial(k) for k in range(workers)) + busy)
    expected = waits / (workers * (1 - load))
    assert simulated(service, workers=workers, load=load).mean == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("workers", "load", "service"), [(1, 1.0, [1.0]), (0, 0.5, [1.0]), (1, 0.5, [])])
def test_what_has_no_answer(workers: int, load: float, service: list[float]) -> None:
    with pytest.raises(ValueError, match="are needed"):
        simulated(service, workers=workers, load=load)
