"""Verify the audit log: check the chain from its first entry to its last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet

from audit.models import START, AuditEntry, AuditHead

_ROWS_AT_ONCE = 1000


class ChainBroken(Exception):
    """The audit is not what was recorded. `sequence` is the first number at which that shows."""

    def __init__(self, sequence: int, message: str) -> None:
        super().__init__(f"The audit log is broken at entry {sequence}: {message}")
        self.sequence = sequence


@dataclass(frozen=True)
class Head:
    """The end of the chain at one moment: how many entries, and the hash of the last."""

    sequence: int
    hash: str

    def as_json(self) -> str:
        return json.dumps({"sequence": self.sequence, "hash": self.hash})

    @classmethod
    def from_file(cls, file: Path) -> Head:
        """Raises OSError, or ValueError where the file is none."""
        values = json.loads(file.read_text(encoding="utf-8"))
        try:
            return cls(int(values["sequence"]), str(values["hash"]))
        except (KeyError, TypeError) as error:
            raise ValueError("no exported head") from error


START_HEAD = Head(0, START)
"""Of a log without an entry."""


def current_head() -> Head:
    """Where the log says that it ends, right or not."""
    row = AuditHead.objects.filter(pk=AuditHead.ONLY).first()
    return Head(row.sequence, row.hash) if row else START_HEAD


def checked_head() -> Head:
    """Where the log ends. Raises ChainBroken where the row that says so and the last entry do not agree."""
    with transaction.atomic():
        row = _locked_row()
        entry = AuditEntry.objects.order_by("-sequence").first()
        last = Head(entry.sequence, entry.hash) if entry else START_HEAD
        _compare(row, last, AuditEntry.objects.count())
    return last


def verify(exported: Head | None = None) -> Head:
    """Read every entry, in order and a thousand at a time. Raises ChainBroken; returns where the chain ends.

    Without an exported head somebody who can write to the database may cut the end off, or write all of it anew: only
    a head that was kept elsewhere shows that.
    """
    wanted = exported.sequence if exported else 0
    walk = _Walk(wanted)
    walk.follow(AuditEntry.objects.order_by("sequence"))
    with transaction.atomic():  # entries appended since then; the lock keeps more out
        row = _locked_row()
        walk.follow(AuditEntry.objects.filter(sequence__gt=walk.last.sequence).order_by("sequence"))
        _compare(row, walk.last, AuditEntry.objects.count())
    if exported and walk.hash_wanted != exported.hash:
        if walk.hash_wanted is None:
            raise ChainBroken(walk.last.sequence + 1, "its end was cut off since the head was exported.")
        raise ChainBroken(wanted, "it is not the entry that the exported head names: the log was written anew.")
    return walk.last


@dataclass
class _Walk:
    """From entry to entry: the last one that was right, and the hash of the one that an exported head names."""

    wanted: int
    last: Head = START_HEAD
    hash_wanted: str | None = None

    def __post_init__(self) -> None:
        if self.wanted == 0:
            self.hash_wanted = START

    def follow(self, entries: QuerySet[AuditEntry]) -> None:
        for entry in entries.iterator(chunk_size=_ROWS_AT_ONCE):
            _check(entry, self.last)
            self.last = Head(entry.sequence, entry.hash)
            if entry.sequence == self.wanted:
                self.hash_wanted = entry.hash


def _locked_row() -> AuditHead | None:
    """While it is locked no one appends. Never made here, as `AuditHead.locked` does: that it is gone must show."""
    return AuditHead.objects.select_for_update().filter(pk=AuditHead.ONLY).first()


def _compare(row: AuditHead | None, last: Head, entries: int) -> None:
    """The row that names the end, the last entry and the number of entries must say the same."""
    end = Head(row.sequence, row.hash) if row else START_HEAD
    if row is None and entries:
        raise ChainBroken(last.sequence + 1, "the row that names its end was removed.")
    if last.sequence > end.sequence:
        raise ChainBroken(end.sequence + 1, "it lies behind the end of the log: it was forged, or the end moved back.")
    if last.sequence < end.sequence:
        raise ChainBroken(last.sequence + 1, "its end was cut off or moved.")
    if last.hash != end.hash or entries != end.sequence:
        raise ChainBroken(end.sequence, "it is not the entry that the end of the log names.")


def _check(entry: AuditEntry, previous: Head) -> None:
    expected = previous.sequence + 1
    if entry.sequence != expected:
        raise ChainBroken(expected, "this entry was removed.")
    if entry.previous != previous.hash:
        raise ChainBroken(expected, "it does not follow the entry before it.")
    if entry.hash != entry.computed_hash():
        raise ChainBroken(expected, "it was changed.")
