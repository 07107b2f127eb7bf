"""Verify the audit log: check the chain from its first entry to its last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

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


def current_head() -> Head:
    row = AuditHead.objects.filter(pk=AuditHead.ONLY).first()
    return Head(row.sequence, row.hash) if row else Head(0, START)


def verify(exported: Head | None = None) -> Head:
    """Read every entry, in order and a thousand at a time. Raises ChainBroken; returns where the chain ends.

    Without an exported head somebody who can write to the database may cut the end off, or write all of it anew: only
    a head that was kept elsewhere shows that.
    """
    end = current_head()  # read first: later entries come after it
    hashes = {0: START}
    previous = Head(0, START)
    wanted = exported.sequence if exported else 0
    entries = AuditEntry.objects.filter(sequence__lte=max(end.sequence, wanted)).order_by("sequence")
    for entry in entries.iterator(chunk_size=_ROWS_AT_ONCE):
        _check(entry, previous)
        previous = Head(entry.sequence, entry.hash)
        if entry.sequence == wanted:
            hashes[wanted] = entry.hash
    if previous != end or AuditEntry.objects.filter(sequence=end.sequence + 1).exclude(previous=end.hash).exists():
        raise ChainBroken(min(previous.sequence, end.sequence) + 1, "its end was cut off or moved.")
    if exported and hashes.get(wanted) != exported.hash:
        missing = wanted not in hashes
        at = previous.sequence + 1 if missing else wanted
        raise ChainBroken(at, "its end was cut off since the head was exported." if missing else _REWRITTEN)
    return end


_REWRITTEN = "it is not the entry that the exported head names: the log was written anew."


def _check(entry: AuditEntry, previous: Head) -> None:
    expected = previous.sequence + 1
    if entry.sequence != expected:
        raise ChainBroken(expected, "this entry was removed.")
    if entry.previous != previous.hash:
        raise ChainBroken(expected, "it does not follow the entry before it.")
    if entry.hash != entry.computed_hash():
        raise ChainBroken(expected, "it was changed.")
