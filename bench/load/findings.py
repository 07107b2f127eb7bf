"""What came of a run: the figures, and whether anything was lost, doubled or mixed up."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.figures import Target
from bench.load.abuse import KEPT_OUT
from bench.load.plan import LoadPlan, Picture

PAGES = ("home", "list of results", "result", "search")
SHARE_OF_BARE, PAGE_MILLISECONDS = 0.75, 300
NEARLY = 1e-5
"""Two runs of an engine on the same pixels differ by less."""


@dataclass(frozen=True)
class Record:
    """One request of a virtual user. kind: "upload", "busy", "abuse", "picture" or a page.

    at: when it was sent, in seconds since the start. seconds: until its whole answer was there.
    file: number of the picture that was sent. told: what the site answered.
    """

    kind: str
    at: float
    seconds: float
    status: int
    file: int | None
    told: dict[str, Any]

    @property
    def is_accepted(self) -> bool:
        return self.kind == "upload" and self.status == 201


@dataclass(frozen=True)
class StoredRow:
    """An answer in the database, with the SHA-256 of its radiograph, and of the file that the storage has for it."""

    result: str
    sha256: str
    file_sha256: str
    probability: float


def read_records(path: Path) -> list[Record]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        kind, at, seconds, status, file = (told.pop(name, None) for name in ("kind", "at", "seconds", "status", "file"))
        found.append(Record(kind, at, seconds, status, file, told))
    return found


def faults(records: Sequence[Record], pictures: Sequence[Picture], rows: Sequence[StoredRow]) -> list[str]:
    """One sentence for everything that was lost, doubled, mixed up or refused. None: every answer is right."""
    accepted = [record for record in records if record.is_accepted]
    by_result = {row.result: row for row in rows}
    found = [
        f"{kind} was answered with {status}"
        for kind, status in sorted({(record.kind, record.status) for record in records if _is_wrong(record)})
    ]
    if len(rows) != len(accepted):
        found.append(f"{len(accepted)} uploads were accepted, and {len(rows)} rows are stored")
    for record in accepted:
        picture = pictures[record.file or 0]
        row = by_result.get(record.told["result"].strip("/").rpartition("/")[2])
        if row is None:
            found.append(f"{record.told['result']} has no row")
        elif (row.sha256, row.file_sha256) != (picture.sha256, picture.sha256):
            found.append(f"{record.told['result']} has another radiograph than the one that was sent")
        elif abs(row.probability - picture.probability) > NEARLY:
            found.append(f"{record.told['result']} says {row.probability}, and the engine {picture.probability}")
    return found


def _is_wrong(record: Record) -> bool:
    if record.kind == "abuse":
        return record.status not in KEPT_OUT
    expected = {"upload": 201, "busy": 503}.get(record.kind, 200)
    return record.status != expected


def in_time(records: Sequence[Record], plan: LoadPlan) -> list[Record]:
    """Those that ended while everybody was at work."""
    return [record for record in records if plan.warm_up <= record.at + record.seconds <= plan.whole]


def rate(records: Sequence[Record], plan: LoadPlan) -> float:
    """Radiographs classified and stored in a second."""
    return sum(record.is_accepted for record in in_time(records, plan)) / plan.seconds


def percentile(seconds: Sequence[float], percent: int) -> float | None:
    """In milliseconds; None of fewer than two."""
    return quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000 if len(seconds) > 1 else None


def page_times(records: Sequence[Record], plan: LoadPlan, *kinds: str) -> list[float]:
    return [record.seconds for record in in_time(records, plan) if record.kind in kinds]


def targets(records: Sequence[Record], plan: LoadPlan, bare: float, faults_found: int) -> list[Target]:
    pages = percentile(page_times(records, plan, *PAGES), 95)
    return [
        Target("classified images/s ÷ bare engine", rate(records, plan) / bare, SHARE_OF_BARE, False, "times"),
        Target("95th percentile of the other pages", pages, PAGE_MILLISECONDS, True, "ms"),
        Target("uploads lost, doubled, mixed up or failed", faults_found, 0, True, ""),
    ]
