"""How many processes and threads a machine gets."""

import pytest

from accounts.hashing import HASHES_AT_ONCE, HASHES_WAITING
from operations.capacity import (
    HASH_BYTES,
    PAGE_THREADS,
    PROCESSORS_PER_WORKER,
    RESERVED_BYTES,
    UPLOAD_BYTES,
    WORKER_BYTES,
    capacity_for,
    memory_bytes,
    processors,
)

GIGABYTE = 1024**3


@pytest.mark.parametrize(
    ("cores", "gigabytes", "workers", "at_once"),
    [(1, 2, 1, 1), (2, 4, 1, 2), (4, 8, 1, 4), (8, 16, 2, 4), (16, 64, 4, 4), (16, 4, 1, 3), (64, 16, 4, 4)],
)
def test_processors_and_memory_bound_both(cores: int, gigabytes: int, workers: int, at_once: int) -> None:
    found = capacity_for(cores, gigabytes * GIGABYTE)
    assert (found.workers, found.at_once) == (workers, at_once)


@pytest.mark.parametrize("cores", [1, 2, 3, 6, 12, 48])
@pytest.mark.parametrize(("gigabytes", "jobs"), [(3, 0), (4, 0), (4, 1), (8, 0), (8, 2), (32, 4), (256, 0)])
def test_neither_is_ever_overbooked(cores: int, gigabytes: int, jobs: int) -> None:
    """By the site's own processes and those that work on jobs."""
    found = capacity_for(cores, gigabytes * GIGABYTE, jobs=jobs)
    assert found.workers * found.at_once <= cores
    used = found.workers * (WORKER_BYTES + HASHES_AT_ONCE * HASH_BYTES + found.at_once * UPLOAD_BYTES)
    used += jobs * (WORKER_BYTES + UPLOAD_BYTES)
    assert used <= gigabytes * GIGABYTE - RESERVED_BYTES
    assert found.workers <= max(1, cores // PROCESSORS_PER_WORKER)


def test_a_full_queue_leaves_page_threads() -> None:
    found = capacity_for(2, 4 * GIGABYTE, waiting=3)
    taken = found.at_once + found.waiting + HASHES_AT_ONCE + HASHES_WAITING
    assert found.threads - taken == PAGE_THREADS


def test_what_is_set_counts() -> None:
    found = capacity_for(2, 4 * GIGABYTE, workers=3, at_once=5, waiting=0)
    assert (found.workers, found.at_once, found.waiting) == (3, 5, 0)


def test_a_small_machine_gets_one_of_each() -> None:
    found = capacity_for(1, GIGABYTE // 2)
    assert (found.workers, found.at_once) == (1, 1)


def test_this_machine_has_processors_and_memory() -> None:
    assert processors() >= 1
    assert memory_bytes() > 100 * 1024**2
