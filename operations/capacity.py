"""How many processes and threads serve a machine with this many processors and this much memory.

Threads of one process share one model, and the model computes without Python's lock: one process keeps four
processors busy. A second one pays only where pages and decoding, which do hold the lock, want a processor of their own.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from accounts.hashing import HASHES_AT_ONCE, HASHES_WAITING

PROCESSORS_PER_WORKER = 4
RESERVED_BYTES = 1 * 1024**3
"""For the system, nginx and a small database."""
WORKER_BYTES = 700 * 1024**2
"""Of a process with the model loaded and pages served (docs/decisions/0101-deployment.md has the measurement)."""
UPLOAD_BYTES = 650 * 1024**2
"""Of one upload of the most costly file that is accepted, with the process that decodes it: a test measures it."""
HASH_BYTES = 100 * 1024**2
"""Of one password while it is hashed (Argon2 with Django's memory cost); `accounts.hashing` bounds how many."""
PAGE_THREADS = 8
"""Threads that stay free for pages while every place of the queue of uploads is taken."""


@dataclass(frozen=True)
class Capacity:
    """workers: processes. at_once, waiting: uploads that each works on, and lets wait. threads: of each."""

    workers: int
    at_once: int
    waiting: int

    @property
    def threads(self) -> int:
        return self.at_once + self.waiting + HASHES_AT_ONCE + HASHES_WAITING + PAGE_THREADS


def capacity_for(
    processors: int, memory: int, *, workers: int = 0, at_once: int = 0, waiting: int = 16, jobs: int = 0
) -> Capacity:
    """What suits the machine; a value that is given (not 0) is taken as it is. `memory` in bytes.

    `jobs`: processes that work on jobs on the same machine (`run_jobs`, or Celery's), one radiograph each at a time.
    """
    free = memory - RESERVED_BYTES - jobs * (WORKER_BYTES + UPLOAD_BYTES)
    worker = WORKER_BYTES + HASHES_AT_ONCE * HASH_BYTES
    if not workers:
        fitting = free // (worker + PROCESSORS_PER_WORKER * UPLOAD_BYTES)
        workers = max(1, min(processors // PROCESSORS_PER_WORKER, fitting))
    if not at_once:
        fitting = (free // workers - worker) // UPLOAD_BYTES
        at_once = max(1, min(processors // workers, fitting))
    return Capacity(workers, at_once, waiting)


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def memory_bytes() -> int:
    """Of the machine, or what its control group allows (systemd's MemoryMax, a container)."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("/sys/fs/cgroup/memory.max", _own_group() + "/memory.max"):
        if Path(name).is_file() and (text := Path(name).read_text().strip()).isdecimal():
            limits.append(int(text))
    return min(limits)


def _own_group() -> str:
    """The folder of this process's control group (version 2)."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return "/sys/fs/cgroup" + next((line[3:] for line in lines if line.startswith("0::")), "")
