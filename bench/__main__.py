"""`python -m bench`: measure, print the tables, write build/bench.json, refresh docs/performance-tables.md."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from bench.document import document_of, write_document
from bench.machine import load, now, this_machine, versions
from bench.parts import PARTS, QUICK, BenchPlan, measure
from bench.tables import tables, with_tables
from bench.workers import PROJECT
from diagnosis.inference.engines import INT8_GRAPH

PAGE = PROJECT / "docs" / "performance-tables.md"


def main(arguments: list[str] | None = None) -> None:
    options = parsed(arguments)
    folder, version = served_model()
    has_int8 = (folder / INT8_GRAPH).is_file()
    plan = replace(QUICK if options.quick else BenchPlan(), model_folder=folder, has_int8=has_int8)
    if options.only:
        plan = replace(plan, parts=tuple(options.only))
    busy = load()
    results = measure(plan, say)
    machine, measured_at, software = this_machine(busy), now(), versions()
    document = document_of(results, machine, software, model=version, is_quick=options.quick, measured_at=measured_at)
    write_document(
        options.output or PROJECT / "build" / ("bench-quick.json" if options.quick else "bench.json"), document
    )
    made = tables(results, machine, measured_at, software)
    say("\n\n".join(made.values()))
    if options.refresh:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description="Measure how fast covidxray is on this machine.")
    parser.add_argument("--quick", action="store_true", help="two minutes, fewer rounds, without training")
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), help="these parts alone")
    parser.add_argument("--output", type=Path, help="where the figures go (build/bench.json)")
    parser.add_argument("--refresh", action="store_true", help="put the tables into docs/performance-tables.md")
    options = parser.parse_args(arguments)
    if options.refresh and (options.quick or options.only):
        parser.error("--refresh needs a whole run: it would put “not measured” over what was measured")
    return options


def served_model() -> tuple[Path, str]:
    """Folder and version of the model that the site serves. Raises ModelUnavailable when it is not built."""
    from diagnosis.inference.artifacts import check_built, read_artifact

    artifact = read_artifact(Path(os.environ.get("MODELS_DIR", PROJECT / "models")))
    check_built(artifact)
    return artifact.folder, artifact.version


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
