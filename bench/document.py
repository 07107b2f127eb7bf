"""build/bench.json: what it holds is said, path by path, in docs/bench-schema.md, and checked against it."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import targets
from bench.machine import Machine
from bench.sampling import Results

FORMAT = 1
_ROW = re.compile(r"^\| `([^`]+)` \| (text|number|whole number|yes or no)( or nothing)? \|", re.MULTILINE)
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "whole number": (int,),
    "yes or no": (bool,),
}


class NotAsDocumented(ValueError):
    """A document differs from the schema."""


def document_of(
    results: Results, machine: Machine, versions: dict[str, str], *, model: str, is_quick: bool, measured_at: str
) -> dict[str, Any]:
    """The whole run as JSON values."""
    return {
        "format": FORMAT,
        "kind": "quick" if is_quick else "whole",
        "measured_at": measured_at,
        "model": model,
        "machine": asdict(machine),
        "versions": versions,
        "measurements": [_flat(asdict(found)) for found in results.measurements.values()],
        "not_measured": [{**asdict(key), "why": why} for key, why in results.not_measured.items()],
        "targets": [{**asdict(target), "met": target.met} for target in targets(results)],
    }


def write_document(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def check_document(document: dict[str, Any], schema: str) -> None:
    """Raise NotAsDocumented for a value that `schema`, the Markdown, does not name, or names with another type."""
    rows = {path: (kind, bool(nothing)) for path, kind, nothing in _ROW.findall(schema)}
    for path, value in _values(document):
        kind, may_be_nothing = rows.get(path) or rows.get(re.sub(r"\.[^.]+$", ".*", path)) or _unknown(path)
        if value is None and may_be_nothing:
            continue
        if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "yes or no"):
            raise NotAsDocumented(f"{path} is {value!r}, and should be a {kind}")
    missing = {path for path in rows if "[]" not in path} - {path for path, _ in _values(document)}
    if missing := {path for path in missing if not path.endswith(".*")}:
        raise NotAsDocumented(f"missing: {', '.join(sorted(missing))}")


def _unknown(path: str) -> tuple[str, bool]:
    raise NotAsDocumented(f"{path} is not in the schema")


def _flat(measurement: dict[str, Any]) -> dict[str, Any]:
    return measurement.pop("key") | measurement


def _values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path; all members of a list have the path `list[]`."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _values(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for member in value:
            yield from _values(member, f"{path}[]")
    else:
        yield path, value
