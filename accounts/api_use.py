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
    if current.exists():
        return False
    if ApiUse.objects.filter(key=key, span__lt=span).update(span=span, count=1):
        return True
    try:
        with transaction.atomic():
            ApiUse.objects.create(key=key, span=span, count=1)
    except IntegrityError:  # another thread has made the row at this moment
        return use_is_allowed(key, limit)
    ApiUse.objects.filter(span__lt=span - _KEPT_SPANS).delete()
    return True


def seconds_to_next_span() -> int:
    return SPAN_SECONDS - int(time.time()) % SPAN_SECONDS


def address_key(address: str) -> str:
    """A keyed hash of a computer's address, which is personal data: it can be counted and not be read."""
    # The first argument is a constant and no path.
    return salted_hmac("accounts.api.limits.address_key", address, algorithm="sha256").hexdigest()
