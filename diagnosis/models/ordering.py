"""Orders of a list (keyset pagination).

A page is named by the row that it follows or precedes (keyset pagination): a page far down costs as much as the first,
nothing is counted, and a link to a page shows the same rows however many have been added at the top since.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """A column to sort by; rows with the same value are in the order in which they were stored."""

    column: str
    is_descending: bool

    @property
    def columns(self) -> list[str]:
        sign = "-" if self.is_descending else ""
        return [f"{sign}{self.column}", f"{sign}pk"]

    @property
    def reverse(self) -> Order:
        return Order(self.column, not self.is_descending)


NEWEST_FIRST = Order("created", is_descending=True)
OLDEST_FIRST = Order("created", is_descending=False)
MOST_PROBABLE_FIRST = Order("probability", is_descending=True)
LEAST_PROBABLE_FIRST = Order("probability", is_descending=False)
