"""A process that works on jobs until it is stopped: its name, its lock, and what a fault of the database does to it."""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseFault
from django.db import close_old_connections, connections

from attempts.claims import leases_end
from attempts.faults import Outage
from jobs.inbox import inbox
from jobs.models import Item, Job

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
FAULT_SECONDS = 5.0
_PARENT_DEATH_SIGNAL = 1  # prctl(2)


class AlreadyRunning(Exception):
    """Another worker of this name runs on this machine."""


@contextmanager
def named(name: str) -> Iterator[str]:
    """The worker's name, of which there is one at a time. Raises AlreadyRunning."""
    worker = f"{socket.gethostname()[:40]}:{name}"[:64]
    with (inbox() / f"worker-{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(name) from None
        yield worker


def end_with_parent() -> None:
    """Ask the system for SIGTERM when the process that started this one ends, however it ends."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


def until_stopped(worker: str, one_round: Callable[[], bool]) -> None:
    """Call `one_round` again and again, at once while it says that there was something to do."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    has_begun, outage = False, Outage(logger)
    while not stopped.is_set():
        try:
            close_old_connections()
            if not has_begun:  # what this worker was at when it was killed, or lost the database, goes on at once
                for model in (Job, Item):
                    leases_end(model, worker=worker)
                has_begun = True
            pause = 0.0 if one_round() else IDLE_SECONDS
            outage.over()
        except DatabaseFault as error:
            outage.met(error)
            connections.close_all()
            has_begun, pause = False, FAULT_SECONDS
        stopped.wait(pause)
