"""The samples of a study (imaging/samples.py): decoded from its file when they are asked for, a few kept for a while.

They are not stored: two or three times the room of all radiographs would go to pictures of which few are looked at so.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from diagnosis.errors import ModelUnavailable, gettext_noop
from diagnosis.files.sending import stored
from diagnosis.imaging.decoding import samples_of_untrusted
from diagnosis.models import Study

AT_ONCE, LONGEST_WAIT = 2, 20
"""Of one process: files that are decoded at once, and the seconds that another one waits for its turn."""
SAMPLES_RETRY_SECONDS = 10
KEPT_BYTES, KEPT_SECONDS = 48 * 1024**2, 300

_turns = threading.Semaphore(AT_ONCE)
_lock = threading.Lock()
_kept: OrderedDict[tuple[UUID, str], tuple[float, bytes]] = OrderedDict()


def study_samples(study: Study) -> bytes:
    """`packed` samples. Raises FileNotFoundError, RadiographRejected and, where too many ask at once, ModelUnavailable.

    The caller has checked that the person may see the study.
    """
    key = study.uuid, study.correction  # turned after it was stored, it is shown by other samples
    body = _found(key)
    if body is None:
        with _turn(), stored(study.original) as file:
            body = samples_of_untrusted(file.read(), study.correction)
        _keep(key, body)
    return body


def _found(key: tuple[UUID, str]) -> bytes | None:
    with _lock:
        _forget()
        return _kept[key][1] if key in _kept else None


def _keep(key: tuple[UUID, str], body: bytes) -> None:
    with _lock:
        _kept[key] = (time.monotonic(), body)
        _kept.move_to_end(key)
        _forget()


def _forget() -> None:
    """The oldest ones go: those of more than KEPT_SECONDS, and as many as are more than KEPT_BYTES together."""
    while _kept:
        made, _body = next(iter(_kept.values()))
        is_much = sum(len(body) for _, body in _kept.values()) > KEPT_BYTES
        if not is_much and time.monotonic() - made < KEPT_SECONDS:
            return
        _kept.popitem(last=False)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=LONGEST_WAIT):
        raise ModelUnavailable(
            gettext_noop("Many radiographs are being read at this moment. Try again later."), code="samples-busy"
        )
    try:
        yield
    finally:
        _turns.release()
