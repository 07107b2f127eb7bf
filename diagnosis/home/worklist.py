"""The worklist as a page and as a part of the home page: rows, who reads them, and how long they have waited."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from diagnosis.models import Diagnosis
from diagnosis.results.search import PAGE_ROWS, rows_read
from diagnosis.worklist.queue import Waiting, readers_of, waiting

SHOWN_AT_HOME = 8


@dataclass(frozen=True)
class Worklist:
    """The first rows of the worklist, each with the name of somebody else who is reading it."""

    rows: list[Diagnosis]
    waiting: Waiting

    @property
    def has_more(self) -> bool:
        return self.waiting.has_more or len(self.waiting.pks) > len(self.rows)


def worklist_of(user: User, *, most: int = PAGE_ROWS) -> Worklist:
    found = waiting(user)
    rows = rows_read(user, found.pks[:most])
    readers = readers_of(user, [row.study_id for row in rows]) if rows else {}
    for row in rows:
        row.reader = readers.get(row.study_id, "")  # type: ignore[attr-defined]
    return Worklist(rows, found)
