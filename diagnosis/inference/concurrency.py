"""The queue of uploads: how many are classified at once, how many wait, and the refusal (503) when it is full.

One radiograph takes the processors and, decoded, up to 500 MB: a hundred at once would be slow for everybody and could
fill the memory. Beyond the bound an upload is refused at once, before anything of it is decoded.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.translation import ngettext
from prometheus_client import Counter, Gauge

from diagnosis.errors import ModelBusy

logger = logging.getLogger(__name__)

LONGEST_WAIT = 60
"""Seconds that an upload waits for its turn, and the most that one is told to stay away."""
_NEWEST_SHARE = 0.2

# For Prometheus, added up over the processes that run.
_RUNNING = Gauge("covidxray_queue_running", "Uploads that are worked on now", multiprocess_mode="livesum")
_WAITING = Gauge("covidxray_queue_waiting", "Uploads that wait for their turn now", multiprocess_mode="livesum")
_PLACES = Gauge("covidxray_queue_places", "Uploads that may be there at once", multiprocess_mode="livesum")
_TURNED_AWAY = Counter("covidxray_queue_turned_away", "Uploads turned away because the queue was full")


@dataclass(frozen=True)
class TurnCounts:
    """How many of this process are worked on and wait at this moment, of how many, and were refused since its start."""

    running: int
    at_once: int
    waiting: int
    may_wait: int
    refused: int


class Turns:
    """Lets `at_once` callers work and `waiting` more wait; any further one is refused."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once, self._most = at_once, at_once + waiting
        self._counting = threading.Lock()
        self._present = self._running = self._refused = 0
        self._places = threading.Semaphore(self._most)
        self._free = threading.Semaphore(at_once)
        self._seconds = 1.0  # of one turn: a guess until the first has ended, then a running mean

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises ModelBusy when too many wait already, or after LONGEST_WAIT seconds."""
        if not self._places.acquire(blocking=False):
            raise self._busy()
        self._count(present=1)
        try:
            if not self._free.acquire(timeout=LONGEST_WAIT):
                raise self._busy()
            self._count(running=1)
            started = time.monotonic()
            try:
                yield
            finally:
                self._count(running=-1)
                self._free.release()
                self._seconds += _NEWEST_SHARE * (time.monotonic() - started - self._seconds)
        finally:
            self._count(present=-1)
            self._places.release()

    def _count(self, *, present: int = 0, running: int = 0, refused: int = 0) -> None:
        with self._counting:
            self._present, self._running = self._present + present, self._running + running
            self._refused += refused
            _RUNNING.set(self._running)
            _WAITING.set(self._present - self._running)
            _PLACES.set(self._most)
            _TURNED_AWAY.inc(refused)

    def now(self) -> TurnCounts:
        with self._counting:
            waiting = self._present - self._running
            return TurnCounts(self._running, self._at_once, waiting, self._most - self._at_once, self._refused)

    def _busy(self) -> ModelBusy:
        self._count(refused=1)
        logger.warning("the queue of uploads is full")
        seconds = min(LONGEST_WAIT, max(1, math.ceil(self._seconds * self._most / self._at_once)))
        return ModelBusy(
            ngettext(
                "Many radiographs are being classified at this moment. Nothing was stored: try again in %(n)d second.",
                "Many radiographs are being classified at this moment. Nothing was stored: try again in %(n)d seconds.",
                seconds,
            )
            % {"n": seconds},
            retry_after=seconds,
        )


def classification_turn() -> AbstractContextManager[None]:
    """A turn of this process, bounded by CLASSIFICATIONS_AT_ONCE and CLASSIFICATIONS_WAITING. Raises ModelBusy."""
    return _turns(settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING).turn()


def turns_now() -> TurnCounts:
    """Those of this process."""
    return _turns(settings.CLASSIFICATIONS_AT_ONCE, settings.CLASSIFICATIONS_WAITING).now()


@cache
def _turns(at_once: int, waiting: int) -> Turns:
    return Turns(at_once, waiting)
