"""manifest.csv next to the images: which source and which patient each one comes from.

Columns: file (path below the folder) and any of source, patient, origin (finer than source: the hospital or the
collection that the source took it from) and reading (what readers saw); others are ignored.
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


UNKNOWN = Origin()


def read_manifest(path: Path) -> dict[str, Origin]:
    """Origins by file, empty without a manifest. Raises ValueError with what is wrong, to follow the path."""
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _origins(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"is not a table of comma-separated values in UTF-8 ({error}).") from error


def _origins(rows: "csv.DictReader[str]") -> dict[str, Origin]:
    if "file" not in (rows.fieldnames or []):
        raise ValueError("needs a column named file.")
    origins: dict[str, Origin] = {}
    for row in rows:
        name = (row["file"] or "").strip().replace("\\", "/")
        origin = Origin(*(_value(row, column) for column in ("source", "patient", "origin", "reading")))
        if origins.setdefault(name, origin) != origin:
            raise ValueError(f"says two different things of {name}.")
    return origins


def _value(row: dict[str, str], column: str) -> str | None:
    return (row.get(column) or "").strip() or None
