"""Adding to the audit log, a chain in which each entry holds the hash of the one before. `record` is the one way in.

What changes data records it as the last statement of the same transaction: both happen or neither does, and the chain's
lock is held for two statements and a commit, never while a model answers. What only shows data records it in a
transaction of its own before anything is handed out. Where an entry cannot be written, the action fails too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.models import Action, AuditEntry, AuditHead, ChainEnd
from audit.requests import request_id

# Names of fields, versions, hashes, identifiers, numbers, days: no spaces, and so no sentence and no person's name.
_CODE = re.compile(r"[A-Za-z0-9_.:+-]{0,80}\Z")
SAME_VIEW = timedelta(minutes=10)


class Identified(Protocol):
    """A row that has a surrogate identifier."""

    uuid: Any


@dataclass(frozen=True)
class _Pending:
    action: Action
    actor: UUID | None
    institution: UUID | None
    subject_kind: str
    subject: UUID | None
    patient: UUID | None
    detail: dict[str, Any]
    request: str
    time: datetime


_held: ContextVar[list[_Pending] | None] = ContextVar("held_back_audit_entries", default=None)


def record(
    action: Action,
    *,
    actor: Any,
    subject: Identified | None = None,
    patient: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add one entry. `actor` is the person, or None for the command line and for somebody who is not signed in.

    `detail` holds codes, numbers and identifiers; anything that could be a sentence or a name raises ValueError.
    """
    entry = _Pending(
        action=Action(action),
        actor=actor.uuid if actor else None,
        institution=actor.institution.uuid if actor else None,
        subject_kind=_kind_of(subject),
        subject=subject.uuid if subject else None,
        patient=patient,
        detail={name: _code(value) for name, value in (detail or {}).items()},
        request=request_id.get(),
        time=timezone.now(),
    )
    held = _held.get()
    if held is None:
        _append([entry])
    else:
        held.append(entry)


def _kind_of(row: Any) -> str:
    """The name of a row's model; `request.user` is a row in disguise, which only its own attributes tell."""
    return str(row._meta.model_name) if row else ""


def _code(value: Any) -> Any:
    """The value as it is stored. Raises ValueError for text that is no code."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_code(each) for each in value]
    if isinstance(value, dict):
        return {_code(key): _code(each) for key, each in value.items()}
    if not _CODE.match(str(value)):
        raise ValueError("the audit takes codes and identifiers, no text")
    return str(value)


@contextmanager
def held_back() -> Iterator[None]:
    """Hold back the entries of this block until its end, for several changes in one transaction.

    Call it inside that transaction: so the chain's lock comes after every other lock, and two such transactions never
    wait for each other crosswise. Where the block raises, nothing of it is recorded.
    """
    if _held.get() is not None:  # an outer block will write them
        yield
        return
    entries: list[_Pending] = []
    token = _held.set(entries)
    try:
        yield
    finally:
        _held.reset(token)
    _append(entries)


@dataclass
class _Known:
    """Where this process left the chain's end: right most of the time, and worth a query less than asking."""

    end: ChainEnd | None = None


_known = _Known()


@transaction.atomic
def _append(entries: list[_Pending]) -> None:
    """Add the entries to the end of the chain; others who append wait until the transaction ends."""
    if not entries:
        return
    rows = _moved_end(entries, _known.end) if _known.end else None
    if rows is None:  # another process has appended since, or what this one appended was rolled back
        rows = _moved_end(entries, AuditHead.locked().end)
    if rows is None:
        raise RuntimeError("the end of the audit log changed under its lock")
    AuditEntry.append_all(rows)
    _known.end = rows[-1].as_end


def _moved_end(entries: list[_Pending], end: ChainEnd) -> list[AuditEntry] | None:
    """The entries as rows behind this end, which is moved to the last of them and locked; None where it is none."""
    rows, last = [], end
    for entry in entries:
        row = AuditEntry(sequence=last.sequence + 1, previous=last.hash, **vars(entry))
        row.hash = row.computed_hash()
        rows.append(row)
        last = row.as_end
    return rows if AuditHead.move(end, last) else None


def was_seen_lately(*, actor: Any, subject: Identified) -> bool:
    """Whether an entry of the last minutes says that the person saw this: then a picture needs no entry."""
    seen = Q(action__in=[Action.RESULT_VIEWED, Action.IMAGE_VIEWED, Action.REPORT_VIEWED])
    now = timezone.now()  # an entry of the future tells of a clock that was set back, and not of the last minutes
    lately = AuditEntry.objects.filter(time__gte=now - SAME_VIEW, time__lte=now + SAME_VIEW)
    return lately.filter(seen, actor=actor.uuid, subject=subject.uuid).exists()


def has_listed_lately(*, actor: Any) -> bool:
    """Whether it is recorded that the person was shown a list within the last minutes: its pictures add nothing."""
    now = timezone.now()
    lately = AuditEntry.objects.filter(time__gte=now - SAME_VIEW, time__lte=now + SAME_VIEW, actor=actor.uuid)
    return lately.filter(action__in=[Action.RESULTS_LISTED, Action.PATIENTS_LISTED, Action.PATIENT_VIEWED]).exists()


def name_hash(name: str) -> str:
    """A user name that somebody tried, so that tries at one name can be counted and the name cannot be read.

    People type passwords into that field. Keyed with SECRET_KEY: without it no one can try names against it.
    """
    return salted_hmac("audit.services.name_hash", name, algorithm="sha256").hexdigest()[:32]
