"""Password hashing within bounds: how many passwords a process hashes at once, and how many wait for it.

One hash takes 100 MB of memory and every processor for a while: 24 wrong sign-ins at once took 1.6 GB.
`operations.capacity` counts what is allowed here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

HASHES_AT_ONCE = 2
HASHES_WAITING = 6
LONGEST_WAIT = 10
"""Seconds that a password waits for its turn."""


class HashingBusy(Exception):
    """Too many people sign in at this moment: 503, come again."""


class Places:
    """Lets `at_once` callers work and `waiting` more wait; any further one is refused."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._present = threading.Semaphore(at_once + waiting)
        self._working = threading.Semaphore(at_once)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and hold it. Raises HashingBusy."""
        if not self._present.acquire(blocking=False):
            raise HashingBusy
        try:
            if not self._working.acquire(timeout=LONGEST_WAIT):
                raise HashingBusy
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._present.release()


places = Places(HASHES_AT_ONCE, HASHES_WAITING)


class BoundedArgon2Hasher(Argon2PasswordHasher):
    """Django's own, in a place of this process."""

    def encode(self, password: str, salt: str) -> str:
        with places.place():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with places.place():
            return super().verify(password, encoded)
