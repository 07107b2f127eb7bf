"""What has gone wrong in this process within a day, counted from the log records that say so."""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

DAY_SECONDS = 24 * 3600
REMEMBERED = 10_000
"""More of one kind within a day are not told apart: it is many."""
STARTED = datetime.now(UTC)
"""When this process began: its logs are set up before anything else."""
_MAIL = "accounts.mail"
_QUEUE = "diagnosis.inference.concurrency"

_errors: deque[float] = deque(maxlen=REMEMBERED)
_mail: deque[float] = deque(maxlen=REMEMBERED)


@dataclass(frozen=True)
class Failures:
    """Of this process, in the last 24 hours or since it started."""

    server_errors: int
    mail: int


class FailureCounter(logging.Handler):
    """Counts what is logged and writes nothing.

    Of requests only uncaught errors: a 503 of `readyz`, or of an upload that is to come again, is an answer.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_MAIL):
            _mail.append(time.time())
        elif record.name == _QUEUE:
            _mark_queue_full()
        elif record.levelno >= logging.ERROR and record.exc_info:
            _errors.append(time.time())


def _mark_queue_full() -> None:
    """For another process: `send_alerts` sees when it was marked last."""
    with suppress(OSError):
        _queue_full_file().touch()


def queue_full_mark() -> datetime | None:
    """When uploads were turned away last, in whatever process."""
    try:
        return datetime.fromtimestamp(_queue_full_file().stat().st_mtime, UTC)
    except OSError:
        return None


def _queue_full_file() -> Path:
    return Path(settings.MEDIA_ROOT) / "queue-full"


def failures() -> Failures:
    since = time.time() - DAY_SECONDS
    return Failures(*(sum(moment >= since for moment in tuple(kind)) for kind in (_errors, _mail)))


def forget() -> None:
    """As after a new start."""
    _errors.clear()
    _mail.clear()
