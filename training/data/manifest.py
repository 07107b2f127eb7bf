"""manifest.csv next to the images: which source and which patient each one comes from.

Columns: file (path below the folder) and any of source, patient, origin (finer than source: the hospital or the
collection that the source took it from) and reading (what readers saw); others are ignored, but for the one that
--multi-label names.
"""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """Where an image comes from, as far as it is known."""

    source: str | None = None
    patient: str | None = None
    origin: str | None = None
    reading: str | None = None
    together: str | None = None
    """The classes that it has, as the column of --multi-label says."""


UNKNOWN = Origin()


def read_manifest(path: Path, column: str = "") -> dict[str, Origin]:
    """Origins by file, empty without a manifest. column: of classes. Raises ValueError with what is wrong, to follow
    the path.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _origins(csv.DictReader(file), column)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"is not a table of comma-separated values in UTF-8 ({error}).") from error


def _origins(rows: "csv.DictReader[str]", column: str) -> dict[str, Origin]:
    for needed in filter(None, ("file", column)):
        if needed not in (rows.fieldnames or []):
            raise ValueError(f"needs a column named {needed}.")
    origins: dict[str, Origin] = {}
    for row in rows:
        name = (row["file"] or "").strip().replace("\\", "/")
        known = (_value(row, name) for name in ("source", "patient", "origin", "reading"))
        origin = Origin(*known, _value(row, column) if column else None)
        if origins.setdefault(name, origin) != origin:
            raise ValueError(f"says two different things of {name}.")
    return origins


def _value(row: dict[str, str], column: str) -> str | None:
    return (row.get(column) or "").strip() or None
