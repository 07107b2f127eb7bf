"""Taking values out of a card that may be damaged: everything that is not as it should be is noted and is None."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from diagnosis.estimates import Estimate
from diagnosis.wording.numbers import UNDEFINED, moment

NOT_THERE = object()
LONGEST_TEXT = 5000
MOST_ENTRIES = 200


@dataclass(frozen=True)
class Value:
    """One place in the card. `missing` collects the paths at which something else was expected."""

    raw: Any
    path: str = ""
    missing: list[str] = field(default_factory=list)

    def __getitem__(self, key: str) -> Value:
        """The place named `key`. What would lie inside something missing is not missed once more."""
        if not isinstance(self.raw, dict):
            return Value(NOT_THERE, self.path, self.missing)
        return Value(self.raw.get(key, NOT_THERE), f"{self.path}.{key}" if self.path else key, self.missing)

    @property
    def exists(self) -> bool:
        return self.raw is not NOT_THERE

    @property
    def is_null(self) -> bool:
        """Whether the card says that there is no such figure, which is no damage."""
        return self.raw is None

    @property
    def is_left_out(self) -> bool:
        """Whether a part that a card need not have is not in it."""
        return self.raw is NOT_THERE or self.raw is None or self.raw == {}

    def text(self) -> str | None:
        """A text or a number as text, such as a page can show: cut, and without halves of characters."""
        if isinstance(self.raw, str | int | float):
            try:
                return printable(str(self.raw))
            except ValueError:  # an integer of more than 4,300 digits
                pass
        self.miss()
        return None

    def number(self) -> float | None:
        if isinstance(self.raw, int | float) and not isinstance(self.raw, bool):
            try:
                if math.isfinite(value := float(self.raw)):
                    return value
            except OverflowError:
                pass
        self.miss()
        return None

    def items(self) -> Iterator[tuple[str, Value]]:
        """The entries of an object, in the card's order."""
        if not isinstance(self.raw, dict):
            self.miss()
            return
        for name in list(self.raw)[:MOST_ENTRIES]:
            yield printable(str(name)), self[name]

    def entries(self) -> list[Value]:
        """The entries of a list."""
        if not isinstance(self.raw, list):
            self.miss()
            return []
        return [Value(raw, f"{self.path}[{index}]", self.missing) for index, raw in enumerate(self.raw[:MOST_ENTRIES])]

    def estimate(self) -> Estimate | None:
        """A figure with its interval; None, too, where the card says that it is undefined."""
        if self.is_null:
            return None
        value, low, high = (self[name].number() for name in ("value", "low", "high"))
        return None if value is None or low is None or high is None else Estimate(value, low, high)

    def miss(self) -> None:
        """Note that this place does not hold what it should."""
        path = printable(self.path)
        if path not in self.missing:
            self.missing.append(path)


def moment_of(text: str | None) -> str:
    """A time as ISO 8601 writes it, in the person's time zone; any other text as it is."""
    try:
        return moment(datetime.fromisoformat(text or "").astimezone())
    except (ValueError, OverflowError):
        return shown(text)


def shown(value: object | None) -> str:
    """The value for a cell of a table, or a dash."""
    return UNDEFINED if value is None else str(value)


def plain(raw: Any, depth: int = 3) -> str:
    """A setting in words, nested ones in brackets."""
    if depth and isinstance(raw, dict):
        return (
            "(" + ", ".join(f"{printable(str(name))}: {plain(value, depth - 1)}" for name, value in raw.items()) + ")"
        )
    if depth and isinstance(raw, list):
        return "[" + ", ".join(plain(value, depth - 1) for value in raw) + "]"
    return "…" if isinstance(raw, dict | list) else shown(Value(raw).text())


def printable(text: str) -> str:
    """Cut, and with a mark instead of half a surrogate pair, which JSON can hold and no page can."""
    cut = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return cut.encode("utf-8", "replace").decode("utf-8")
