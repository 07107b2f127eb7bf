"""One run, from the radiographs to the figures."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import findings, installation
from bench.load.abuse import write_abusive
from bench.load.findings import Record
from bench.load.plan import LoadPlan, Picture
from bench.load.processes import machine_seconds, processor_seconds
from bench.parts import environment
from bench.workers import PROJECT, Worker
from scripts.stack import Stack

USERS = PROJECT / "bench" / "load" / "users.py"
LONGEST_END = 120
"""Seconds that users may take to end what they have begun."""


@dataclass
class Run:
    """What was measured. bare: images/s of the engine alone, before and after. processors: program → seconds used."""

    plan: LoadPlan
    engine: str = ""
    site: dict[str, str | int] = field(default_factory=dict)
    bare: list[float] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    processors: dict[str, float] = field(default_factory=dict)

    @property
    def bare_rate(self) -> float:
        return sum(self.bare) / len(self.bare)


def run(plan: LoadPlan, scratch: Path, locust: list[str], database: str, say: Callable[[str], None]) -> Run:
    """Measure, below the empty folder. Raises DatabaseNotEmpty, WorkerFailed, CalledProcessError, RuntimeError."""
    done = Run(plan)
    _draw(done, scratch, say)
    with _site(scratch / "site", database) as site:
        say("site: 20 people are signed in, then they all begin" if plan.people == 20 else "site")
        people = installation.people(site, plan.people + plan.abusive)
        site.visitor().get(f"{site.url}/readyz")  # loads the model
        done.site = installation.capacity(site)
        _crowd(done, site, people, scratch, locust)
        rows, files = installation.stored_rows(site), installation.stored_files(site)
    done.faults = findings.faults(done.records, done.pictures, rows)
    if files != len(rows):
        done.faults.append(f"{len(rows)} rows are stored, and {files} radiographs")
    with _engine(scratch) as side:
        done.bare.append(side.call("bare_rate", seconds=plan.bare_seconds))
    return done


def _draw(done: Run, scratch: Path, say: Callable[[str], None]) -> None:
    """The engine's own speed, and as many radiographs with their answers as can be needed at that speed."""
    (scratch / "pictures").mkdir()
    with _engine(scratch) as side:
        done.engine = side.call("engine_name")
        done.bare.append(side.call("bare_rate", seconds=done.plan.bare_seconds))
        number = int(done.bare[0] * done.plan.whole) + 2 * done.plan.people
        say(f"engine: {done.bare[0]:.2f} images/s; {number} radiographs are drawn and classified")
        found = side.call("pictures", number=number, folder=str(scratch / "pictures"))
    done.pictures = [Picture(**one) for one in found]


def _engine(scratch: Path) -> Worker:
    """A process with the engine that the site would use."""
    return Worker("bench.sides.load_side", environment(scratch))


class DatabaseNotEmpty(RuntimeError):
    """A run fills the database, and must not fill one that somebody needs."""


def check_empty(database: str, scratch: Path) -> None:
    """Raises DatabaseNotEmpty, before anything is written."""
    with Worker("bench.sides.load_side", environment(scratch) | {"DATABASE_URL": database}) as side:
        if side.call("tables") > 0:
            raise DatabaseNotEmpty("The database that is to be filled has tables already: name an empty one.")


@contextmanager
def _site(folder: Path, database: str) -> Iterator[Stack]:
    if database:
        check_empty(database, folder)
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    site = Stack(folder, secrets.token_urlsafe(16), SECRET_KEY=secrets.token_urlsafe(50), **passed)
    if database:
        site.environment["DATABASE_URL"] = database
    site.start()
    try:
        yield site
    finally:
        site.stop()


PASSED_ON = ("MODELS_DIR", "INFERENCE_ENGINE", "WORKERS", "CLASSIFICATIONS_AT_ONCE", "CLASSIFICATIONS_WAITING")
"""Settings of the site that a run can be made with; everything else is as `deploy/run-local` has it."""


def _crowd(done: Run, site: Stack, people: list[dict[str, str]], scratch: Path, locust: list[str]) -> None:
    orders, records = scratch / "orders.json", scratch / "records"
    honest, abusers = people[: done.plan.people], people[done.plan.people :]
    abusive = write_abusive(scratch / "abusive") if abusers else []
    plan = {
        "people": honest,
        "abusers": abusers,
        "abusive": abusive,
        "until": done.plan.whole,
        "pause": done.plan.pause,
        "records": str(records),
    }
    orders.write_text(json.dumps(plan | {"files": [picture.path for picture in done.pictures]}), encoding="utf-8")
    assert site.process  # noqa: S101  for the type checker
    before, all_before = processor_seconds(site.process.pid), machine_seconds()
    users = subprocess.Popen(
        [*locust, "-f", str(USERS), *_options(site, done.plan)],
        env={"PATH": os.environ["PATH"], "HOME": str(scratch), "LOAD_ORDERS": str(orders)},
        cwd=scratch,
        stdout=(scratch / "locust.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    used = _until_ended(users)
    if users.returncode or not records.is_file():
        raise RuntimeError(f"locust failed: {(scratch / 'locust.log').read_text(errors='replace')[-2000:]}")
    done.records = findings.read_records(records)
    after, all_after = processor_seconds(site.process.pid), machine_seconds()
    site_used = {name: seconds - before.get(name, 0) for name, seconds in after.items()}
    done.processors = {**site_used, "locust": used}
    done.processors["everything else"] = all_after - all_before - sum(done.processors.values())


def _options(site: Stack, plan: LoadPlan) -> list[str]:
    return [
        "--headless",
        *("--host", site.url),
        *("--users", str(2 * plan.people + plan.abusive)),
        *("--spawn-rate", str(2 * plan.people + plan.abusive)),
        *("--run-time", f"{plan.whole + 1:.0f}s"),
        *("--stop-timeout", str(LONGEST_END)),
        *("--exit-code-on-error", "0"),
        "--only-summary",
    ]


def _until_ended(users: "subprocess.Popen[bytes]") -> float:
    """Wait for the users; the processor seconds that they used. Raises TimeoutExpired."""
    used = 0.0
    while users.poll() is None:
        used = sum(processor_seconds(users.pid).values()) or used
        time.sleep(0.2)
    return used
