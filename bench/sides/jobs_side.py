"""Jobs: images per second of one process, of Celery, and of workers on two hosts, each next to what it does alone.

Everything is real: MariaDB, Redis, the served model. Each round classifies radiographs that were never seen before.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from bench import hosts
from bench.radiographs import radiograph_file
from bench.workers import PROJECT
from scripts.stack import until

WARM_UP = 4
PEOPLE = """
from accounts.models import Institution, User
place = Institution.objects.create(name="Benchmark")
User.objects.create_user("bench", "bench@example.org", None, institution=place, is_radiographer=True)
"""


_DONE = """
SELECT UNIX_TIMESTAMP(jobs_item.changed) FROM jobs_item JOIN jobs_job ON jobs_job.id = job_id
WHERE jobs_job.name = %s AND jobs_item.state = 'done' ORDER BY jobs_item.changed
"""


def can_be_measured() -> bool:
    return hosts.can_be_made()


class Site:
    """One installation whose parts run wherever they are started."""

    def __init__(self, folder: Path, database: str, broker: str) -> None:
        self.folder, self._seeds = folder, count(1)
        self.environment = {
            **os.environ,
            "DATABASE_URL": database,
            "MEDIA_ROOT": str(folder / "media"),
            "JOBS_INBOX": str(folder / "inbox"),
            "LOG_LEVEL": "WARNING",
        }
        self.broker = {"CELERY_BROKER_URL": broker}
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "-c", PEOPLE)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(PROJECT / "manage.py"), *arguments]

    def manage(self, *arguments: str, **more: str) -> str:
        environment = self.environment | more
        return subprocess.run(
            self.command(*arguments), cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
        ).stdout

    def new_files(self, number: int) -> Path:
        """A folder of radiographs of one megapixel that were never here."""
        folder = self.folder / f"radiographs-{next(self._seeds)}"
        folder.mkdir()
        for _ in range(number):
            seed = next(self._seeds)
            (folder / f"{seed}.jpg").write_bytes(radiograph_file("JPEG", 1, seed))
        return folder

    def asked(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        import MySQLdb

        connection = MySQLdb.connect(
            unix_socket=str(self.folder / "database" / "socket"), user="root", database="covidxray"
        )
        try:
            cursor = connection.cursor()
            cursor.execute(query, values)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def job(self, number: int) -> list[float]:
        """When each radiograph of a new job was done, in seconds."""
        name = f"job {next(self._seeds)}"
        folder = self.new_files(number)
        self.manage("classify_archive", str(folder), "--job", name, "--background", **self.broker)
        times: list[tuple[Any, ...]] = []

        def is_done() -> bool:
            times[:] = self.asked(_DONE, name)
            return len(times) == number

        until(is_done, f"{number} radiographs of {name}")
        shutil.rmtree(folder)
        return [float(value) for (value,) in times]

    def classify(self, number: int, *, core: int | None = None) -> list[float]:
        """The same of `manage.py classify`, which stores nothing."""
        folder, times = self.new_files(number), list[float]()
        confined = ["taskset", "--cpu-list", str(core)] if core is not None else []
        with subprocess.Popen(
            [*confined, *self.command("classify", str(folder), "--format", "jsonl")],
            cwd=PROJECT,
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            for line in process.stdout or ():
                if json.loads(line)["prediction"] is None:
                    raise RuntimeError("the benchmark's radiographs are refused")
                times.append(time.time())
        shutil.rmtree(folder)
        return times


def rate(times: list[float]) -> float:
    """Images per second between the first and the last that was done."""
    return (len(times) - 1) / (times[-1] - times[0])


@contextmanager
def working(site: Site, name: str, prefix: list[str], *, processes: int, core: int | None) -> Iterator[None]:
    """Celery's worker, until it has loaded its model and the block has ended."""
    celery = [sys.executable, "-m", "celery", "--app", "covidxray", "--workdir", str(PROJECT), "worker"]
    options = ["--loglevel", "INFO", "--concurrency", str(processes), "--hostname", f"{name}@%h"]
    command = [*prefix, *celery, *options]
    log = site.folder / f"{name}-{time.monotonic_ns()}.log"
    with hosts.running(command, site.environment | site.broker | {"LOG_LEVEL": "INFO"}, log, core=core):
        hosts.until_said(log, "ready.")
        yield


def measure(folder: str, images: int, rounds: int) -> dict[str, Any]:
    """Unit → name → values; `service`: seconds of each radiograph of a worker that is alone."""
    where = Path(folder)
    with ExitStack() as stack:
        stack.enter_context(hosts.hosts())
        site = Site(where, stack.enter_context(hosts.database(where / "database")), stack.enter_context(hosts.redis()))
        found = _one_machine(site, images)
        found |= {name: [] for name in ("host a", "host b", "both hosts", "classify on one core")}
        service, traffic = list[float](), list[float]()
        for turn in range(rounds):
            _two_hosts(site, images, found, service, traffic, order=1 if turn % 2 else -1)
        return {"images/s": found, "service": service, "costs": _costs(site, traffic)}


def _one_machine(site: Site, images: int) -> dict[str, list[float]]:
    found = {"classify": [rate(site.classify(images))]}
    with hosts.running(site.command("run_jobs", "--nice", "0"), site.environment, site.folder / "run_jobs.log"):
        site.job(WARM_UP)
        found["run_jobs"] = [rate(site.job(images))]
    environment = site.environment | site.broker
    with (
        hosts.running(site.command("run_jobs", "--nice", "0"), environment, site.folder / "hands-out.log"),
        working(site, "both", [], processes=2, core=None),
    ):
        site.job(WARM_UP)
        found["celery"] = [rate(site.job(images))]
    return found


def _two_hosts(
    site: Site, images: int, found: dict[str, list[float]], service: list[float], traffic: list[float], *, order: int
) -> None:
    """Each host alone on its processor, and both at once, in turn."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    environment = site.environment | site.broker

    def alone(number: int) -> None:
        name = hosts.NAMES[number]
        with working(site, name, hosts.inside(name), processes=1, core=cores[number]):
            site.job(WARM_UP)
            before = hosts.bytes_through(name)
            times = site.job(images)
            traffic.append((hosts.bytes_through(name) - before) / images)
            found[f"host {name}"].append(rate(times))
            service.extend(later - earlier for earlier, later in pairwise(times))

    def both() -> None:
        with ExitStack() as stack:
            for name, core in zip(hosts.NAMES, cores, strict=True):
                stack.enter_context(working(site, name, hosts.inside(name), processes=1, core=core))
            site.job(2 * WARM_UP)
            found["both hosts"].append(rate(site.job(2 * images)))

    steps: list[Callable[[], None]] = [lambda: alone(0), both, lambda: alone(1)]
    with hosts.running(site.command("run_jobs", "--nice", "0"), environment, site.folder / "hands-out.log"):
        for step in steps[::order]:
            step()
    found["classify on one core"].append(rate(site.classify(images, core=cores[0])))


def _costs(site: Site, traffic: list[float]) -> dict[str, float]:
    """Of one radiograph: bytes on the disk, rows and bytes in the database, bytes through the network of a worker."""
    [(number,)] = site.asked("SELECT COUNT(*) FROM diagnosis_diagnosis")
    tables = [name for (name,) in site.asked("SHOW TABLES") if not name.startswith(("django_", "auth_"))]
    rows = sum(site.asked(f"SELECT COUNT(*) FROM `{name}`")[0][0] for name in tables)  # noqa: S608 - our own names
    sizes = site.asked(
        "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = 'covidxray'"
    )
    stored = sum(path.stat().st_size for path in (site.folder / "media").rglob("*") if path.is_file())
    return {
        "kB stored": stored / number / 1000,
        "rows": rows / number,
        "kB in the database": float(sizes[0][0]) / number / 1000,
        "kB through the network": statistics.fmean(traffic) / 1000,
    }


CALLS: dict[str, Callable[..., Any]] = {"can_be_measured": can_be_measured, "measure": measure}
