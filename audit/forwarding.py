"""Audit entries to the hospital's collector, by their position in the chain: none is left out, whatever is away."""

from __future__ import annotations

from audit.collector import Collector, collector
from audit.models import AuditEntry, AuditHead, AuditSent

BATCH = 500


def unsent() -> int:
    """How many entries the collector does not have yet; 0 where there is no collector."""
    if collector() is None:
        return 0
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).values_list("sequence", flat=True).first()
    return max(0, (head or 0) - AuditSent.position())


def batch_forward(to: Collector) -> int:
    """Send the next entries, oldest first; how many. Raises CollectorAway, and the position stays.

    Numbers have no gaps and are visible in their order: each writer holds the end of the chain until it commits. Two
    senders at once send twice, and none skips anything: the position moves only from where it was.
    """
    position = AuditSent.position()
    entries = list(AuditEntry.objects.filter(sequence__gt=position).order_by("sequence")[:BATCH])
    if entries:
        to.batch_send(entries)
        AuditSent.move(before=position, after=entries[-1].sequence)
    return len(entries)
