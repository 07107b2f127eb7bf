"""What pages read of jobs: a page of the radiographs of one, with their results as the person may see them."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from diagnosis.models import Diagnosis
from jobs.export import results_of
from jobs.models import Item, Job

PAGE_ROWS = 50


@dataclass(frozen=True)
class ItemRow:
    """result: None where there is none, or none that the person may see."""

    item: Item
    result: Diagnosis | None

    @property
    def name(self) -> str:
        return self.item.name or (self.result.study.file_name if self.result else "–")


@dataclass(frozen=True)
class ItemPage:
    rows: list[ItemRow]
    next_after: int | None
    """The number that the next page begins after; None on the last one."""


def item_page(user: User, job: Job, states: list[str], after: int) -> ItemPage:
    """In the order of the source. One query for the rows and one for their results."""
    rows = job.items.filter(state__in=states, pk__gt=after).order_by("pk").select_related("study")
    found = list(rows[: PAGE_ROWS + 1])
    listed = found[:PAGE_ROWS]
    results = results_of(user, listed)
    page = [ItemRow(item, results.get(item.diagnosis_id or 0)) for item in listed]
    return ItemPage(page, listed[-1].pk if len(found) > PAGE_ROWS else None)
