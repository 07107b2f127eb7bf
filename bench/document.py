"""build/bench.json: the figures of one run as JSON; tests/bench/example.json is one, cut short.

Its parts: `inference`, ms per image (`bare`: without the heat map; `classifier`: with everything around the network);
`matrix`, what the processor can do at most; `threads`, images per second of all threads together; `process`, start in
seconds and resident memory; `upload`, seconds to the page of the result (`beside`: all but the classifier); `training`,
steps and epochs; `lists`, times and queries of pages over many results; `jobs`, images per second of
workers, what a radiograph costs, and simulated waiting times; `run`, how long each part took.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import targets
from bench.machine import Machine
from bench.sampling import Results

FORMAT = 1


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


def _flat(measurement: dict[str, Any]) -> dict[str, Any]:
    return measurement.pop("key") | measurement
