"""`python -m bench.load`: run it, print the table, write build/load.json. Ends with 1 where an answer was not right."""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.load.plan import QUICK, LoadPlan
from bench.load.report import document, table_of
from bench.load.run import DatabaseNotEmpty, Run, run
from bench.machine import load, now, this_machine, versions
from bench.tables import with_tables
from bench.workers import PROJECT

PAGE = PROJECT / "docs" / "performance-tables.md"


def main(arguments: list[str] | None = None) -> int:
    options = parsed(arguments)
    plan, busy = replace(QUICK if options.quick else LoadPlan(), abusive=options.abusive), load()
    with tempfile.TemporaryDirectory(prefix="covidxray-load-") as scratch:
        try:
            done = run(plan, Path(scratch), [str(options.locust.absolute()), "-m", "locust"], options.database, say)
        except DatabaseNotEmpty as error:
            say(str(error))
            return 2
    machine, measured_at, software = this_machine(busy), now(), versions()
    found = document(done, machine, software, measured_at)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = table_of(done, machine, software, measured_at)
    say(text)
    if options.refresh:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), {_mark(done): text}, "load"), encoding="utf-8")
    return 1 if done.faults else 0


def _mark(done: Run) -> str:
    return "sqlite" if done.site["database"] == "SQLite" else "mysql"


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench.load", description="Twenty radiographers at once, on this machine.")
    parser.add_argument("--quick", action="store_true", help="four people for four seconds: does it work?")
    parser.add_argument("--database", default="", help="address of an empty database (default: a new SQLite file)")
    parser.add_argument(
        "--abusive", type=int, default=0, help="how many people more send costly files without a pause (default: 0)"
    )
    parser.add_argument("--locust", type=Path, default=Path(sys.executable), help="a Python that has locust")
    parser.add_argument("--output", type=Path, default=PROJECT / "build" / "load.json")
    parser.add_argument("--refresh", action="store_true", help="put the table into docs/performance-tables.md")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
