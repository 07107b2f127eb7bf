"""How often a person, or an address, may ask for something in a minute.

The counts are in the database and in no cache: every thread and process counts in the same row, and one conditional
UPDATE both counts and decides, so that no two of them let the last permitted request through. A cache in the process
would multiply each limit by the number of processes; a shared one would be one more service to run.
"""

from __future__ import annotations

import time

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts.models import ApiUse

SPAN_SECONDS = 60
_KEPT_SPANS = 60


def use_is_allowed(key: str, limit: int) -> bool:
    """Count one more use of `key`, unless there have been `limit` uses in this minute."""
    span = int(time.time()) // SPAN_SECONDS
    current = ApiUse.objects.filter(key=key, span__gte=span)
    if current.filter(count__lt=limit).update(count=F("count") + 1):
        return True
    if full := current.first():
        return _begun_anew(full, span)
    if ApiUse.objects.filter(key=key, span__lt=span).update(span=span, count=1):
        return True
    try:
        with transaction.atomic():
            ApiUse.objects.create(key=key, span=span, count=1)
    except IntegrityError:  # another thread has made the row at this moment
        return use_is_allowed(key, limit)
    ApiUse.objects.filter(span__lt=span - _KEPT_SPANS).delete()
    return True


_refused_since: dict[tuple[str, int], float] = {}
_MOST_REFUSED = 10_000


def _begun_anew(full: ApiUse, span: int) -> bool:
    """Whether a full span is over by this process's own clock, whatever the wall clock says: then a new one begins.

    Where the wall clock was set back, the newest span lies in the future, and would else be full until that comes.
    """
    if full.span == span:
        return False
    if len(_refused_since) >= _MOST_REFUSED:
        _refused_since.clear()
    since = _refused_since.setdefault((full.key, full.span), time.monotonic())
    if time.monotonic() - since < SPAN_SECONDS:
        return False
    del _refused_since[full.key, full.span]
    return bool(ApiUse.objects.filter(pk=full.pk, span=full.span).update(span=span, count=1))


def seconds_to_next_span() -> int:
    return SPAN_SECONDS - int(time.time()) % SPAN_SECONDS


def address_key(address: str) -> str:
    """A keyed hash of a computer's address, which is personal data: it can be counted and not be read."""
    # The first argument is a constant and no path.
    return salted_hmac("accounts.api.limits.address_key", address, algorithm="sha256").hexdigest()
