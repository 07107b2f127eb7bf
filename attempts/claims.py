"""Claiming a row, and what becomes of the attempt: done, again after a pause, or given up.

Every transition reads the row under the lock under which it writes it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from attempts.rows import Attempted, pause_after

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Attempted)

LEASE = timedelta(minutes=3)
"""For so long nobody else takes a row that is worked on. Its worker may have been killed: then it is tried again."""


def claim(rows: models.QuerySet[Row], *, worker: str = "") -> Row | None:
    """The first row of `rows`, which are due, taken by this worker; None where nothing is due.

    The attempt is counted and committed before it begins.
    """
    for pk in rows.values_list("pk", flat=True)[:20]:
        if row := claim_row(rows.model, pk, worker=worker):
            return row
    return None


@transaction.atomic
def claim_row(model: type[Row], pk: int, *, worker: str = "", states: tuple[str, ...] = ()) -> Row | None:
    """That row, if it is still due; None where another worker has it."""
    now = timezone.now()
    row: Row | None = model._default_manager.select_for_update().filter(pk=pk, next_at__lte=now).first()
    open_states = states or getattr(model, "OPEN", ("waiting",))
    if row is None or row.state not in open_states:  # type: ignore[attr-defined]
        return None
    row.attempts += 1
    row.worker = worker
    row.next_at = now + LEASE
    row.save(update_fields=["attempts", "worker", "next_at"])
    return row


def finish(row: Attempted, *, state: str, **values: Any) -> None:
    """The row in its new state, with these columns and without a reason, inside the caller's transaction."""
    for name, value in {"state": state, "worker": "", "reason": "", "reason_text": "", **values}.items():
        setattr(row, name, value)
    row.reason_values, row.changed = {}, timezone.now()
    names = [*values, "state", "worker", "reason", "reason_text", "reason_values", "changed"]
    row.save(update_fields=names)


@transaction.atomic
def attempt_failed(row: Row, *, code: str, text: str, values: Mapping[str, Any] | None = None) -> Row:
    """Again after a pause that grows, or given up (dead) after `most_attempts`; the reason stays with it."""
    now = _locked_if_ours(row)
    if now is None:
        return row
    is_last = now.attempts >= row.most_attempts
    if is_last:
        now.state = "dead"  # type: ignore[attr-defined]
    now.next_at = timezone.now() + pause_after(now.attempts)
    _set_reason(now, code, text, values)
    now.save(update_fields=["state", "next_at", *_REASON])
    logger.warning("%s %s: attempt %d failed (%s)", row._meta.model_name, row, now.attempts, code)
    return now


@transaction.atomic
def attempt_postponed(row: Row, *, seconds: float, code: str, text: str) -> Row:
    """Again later, without counting the attempt: nothing is wrong with the row (no model is there, too many wait)."""
    now = _locked_if_ours(row)
    if now is None:
        return row
    now.attempts = max(now.attempts - 1, 0)
    now.next_at = timezone.now() + timedelta(seconds=seconds)
    _set_reason(now, code, text, None)
    now.save(update_fields=["attempts", "next_at", *_REASON])
    return now


@transaction.atomic
def attempt_refused(row: Row, *, state: str, code: str, text: str, values: Mapping[str, Any] | None = None) -> Row:
    """Over, for a reason that another attempt would meet again."""
    now = _locked_if_ours(row)
    if now is None:
        return row
    now.state = state  # type: ignore[attr-defined]
    _set_reason(now, code, text, values)
    now.save(update_fields=["state", *_REASON])
    return now


def leases_end(model: type[Attempted], *, worker: str) -> int:
    """What a worker of this name was at when it was killed is due at once; called by the only one of that name."""
    rows = model._default_manager.filter(worker=worker, next_at__gt=timezone.now())
    return rows.update(worker="", next_at=timezone.now())


_REASON = ("worker", "reason", "reason_text", "reason_values", "changed")


def _set_reason(row: Attempted, code: str, text: str, values: Mapping[str, Any] | None) -> None:
    row.worker, row.reason, row.reason_text = "", code[:40], text[:500]
    row.reason_values, row.changed = dict(values or {}), timezone.now()


def locked_row(row: Row) -> Row:
    """The row as it is now; no one else changes it before the transaction ends."""
    now: Row = type(row)._default_manager.select_for_update().get(pk=row.pk)
    return now


def _locked_if_ours(row: Row) -> Row | None:
    """None where another attempt is in force, or where the row is gone: its study was erased at this moment."""
    now: Row | None = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    return now if now and is_ours(row, now) else None


def is_ours(row: Attempted, now: Attempted) -> bool:
    """Whether the attempt at `row` is still the one in force: where it took longer than the lease, another may be."""
    return (now.worker, now.attempts) == (row.worker, row.attempts)


def due_in(moment: datetime) -> float:
    """Seconds from now to that moment, 0 where it has passed."""
    return max((moment - timezone.now()).total_seconds(), 0)
