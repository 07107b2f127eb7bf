"""What a source says of one radiograph: where it is, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass

from diagnosis.uploads.entered import NOTHING_ENTERED, EnteredDetails


@dataclass(frozen=True)
class Found:
    """One radiograph of a source, not read yet. `place` finds it again and never changes; `name` is for people."""

    place: str
    name: str
    study: int | None = None
    """The number of a study that is stored already."""
    diagnosis: int | None = None
    """Of a comparison: the answer that is compared with."""


@dataclass(frozen=True)
class Content:
    """One radiograph that was read, and what is known of it."""

    file: bytes
    entered: EnteredDetails = NOTHING_ENTERED
