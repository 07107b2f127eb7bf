"""The parts of the benchmark: each starts its processes, asks the contenders in turn and adds to the results."""

import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.machine import mariadb_server
from bench.queueing import ARRIVALS, simulated
from bench.radiographs import FORMATS, radiograph_file
from bench.sampling import Key, Results, interleaved, measured
from bench.workers import PROJECT, Worker, WorkerFailed
from diagnosis.imaging.limits import MAX_FILE_BYTES

NOT_BUILT = "not built: no int8 graph of the served model on this machine"
NOT_QUICK = "left out of a quick run"
NO_MARIADB = "no MariaDB: its server and driver are not here (`make bench` says what to install)"
NO_HOSTS = "no jobs: it takes root, `ip`, Redis, MariaDB and requirements-queue.txt to make two hosts on this machine"
TOO_LARGE = "too large: the site takes no file of that size"
LARGEST_MEGAPIXELS = 40
QUEUES, LOADS = (1, 2, 8, 32), (0.5, 0.8, 0.95)
"""Numbers of workers and shares of their time for which waiting times are simulated."""
ENGINES = {"openvino": "openvino-float32", "openvino_int8": "openvino-int8", "keras": "keras"}
"""Contender -> name of the site's engine."""


@dataclass(frozen=True)
class BenchPlan:
    """What is measured, how often. Defaults: the whole run, half an hour; `QUICK` takes two minutes."""

    rounds: int = 5
    calls: int = 2
    thread_seconds: float = 3.0
    threads: tuple[int, ...] = (1, 2, 4, 8)
    process_rounds: int = 3
    engines: tuple[str, ...] = ("openvino", "openvino_int8", "keras")
    upload_rounds: int = 3
    megapixels: tuple[int, ...] = (1, 4, 9, 36)
    training_rounds: int = 3
    training_steps: int = 2
    weights: str = "astra"
    results: tuple[int, ...] = (10_000, 1_000_000)
    list_rounds: int = 3
    job_images: int = 40
    job_rounds: int = 2
    arrivals: int = ARRIVALS
    parts: tuple[str, ...] = ("inference", "threads", "process", "upload", "training", "lists", "jobs")
    is_quick: bool = False
    has_int8: bool = True
    model_folder: Path = field(default=PROJECT / "models")


QUICK = BenchPlan(
    rounds=2,
    calls=1,
    thread_seconds=1.0,
    threads=(1, 2),
    process_rounds=1,
    engines=("openvino", "openvino_int8"),
    upload_rounds=1,
    megapixels=(1, 9),
    training_rounds=0,
    parts=("inference", "threads", "process", "upload"),
    is_quick=True,
)


def environment(scratch: Path) -> dict[str, str]:
    """The site's settings for a benchmark: an empty database and store below ``scratch``, nothing of the person's."""
    return {
        "DJANGO_SETTINGS_MODULE": "covidxray.settings",
        "COVIDXRAY_ENV_FILE": "",
        "SECRET_KEY": "a benchmark protects nothing",
        "DEVELOPMENT": "True",
        "ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": f"sqlite:///{scratch / 'bench.sqlite3'}",
        "MEDIA_ROOT": str(scratch / "media"),
        "LOG_LEVEL": "ERROR",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def inference(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """Milliseconds per radiograph of every way to run the network, of its parts, and what the machine can do."""
    with (
        Worker("bench.sides.tensorflow_side", environment(scratch)) as keras,
        Worker("bench.sides.openvino_side", environment(scratch)) as site,
    ):
        ways: dict[Key, Callable[[], float]] = {}
        for batch in (1, 8):
            common: dict[str, Any] = {"batch": batch, "calls": plan.calls}
            for name in ("predict", "tf_function"):
                ways[Key("inference", name, batch)] = keras.asks(
                    "milliseconds", contender=name, folder=str(plan.model_folder), **common
                )
            for name in ("openvino", "bare", "classifier"):
                ways[Key("inference", name, batch)] = site.asks("milliseconds", contender=name, **common)
                if plan.has_int8:
                    ways[Key("inference", f"{name}_int8", batch)] = site.asks(
                        "milliseconds", contender=name, precision="int8", **common
                    )
                else:
                    results.leave_out(Key("inference", f"{name}_int8", batch), NOT_BUILT)
        ways |= _parts_of_one(plan, site)
        rates = {
            Key("matrix", "numpy"): site.asks("matrix_rate"),
            Key("matrix", "tf_matmul"): keras.asks("matrix_rate"),
        }
        whole = {Key("matrix", "int8_convolution"): site.asks("int8_rate")}
        for warm_up in (*ways.values(), *rates.values(), *whole.values()):
            warm_up()
        results.add([measured(Key("inference", "views"), "views", [site.call("views")])])
        results.add(interleaved(ways, "ms", plan.rounds))
        results.add(interleaved(rates, "GFLOP/s", plan.rounds))
        results.add(interleaved(whole, "GOP/s", plan.rounds))


def _parts_of_one(plan: BenchPlan, site: Worker) -> dict[Key, Callable[[], float]]:
    """One view through the backbone, the lungs and the gate, of a version that has them."""
    ways: dict[Key, Callable[[], float]] = {}
    for suffix, precision in (("", "float32"), ("_int8", "int8")) if plan.has_int8 else (("", "float32"),):
        ways[Key("inference", f"one_view{suffix}", 1)] = site.asks(
            "milliseconds", contender="one_view", precision=precision, batch=1, calls=plan.calls
        )
    for name in ("lungs", "gate") if site.call("views") > 1 else ():
        ways[Key("inference", name, 1)] = site.asks("milliseconds", contender=name, batch=1, calls=10 * plan.calls)
    return ways


def threads(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """Images per second: the bare engine asked by one thread, and the classifier by several."""
    with Worker("bench.sides.openvino_side", environment(scratch)) as site:
        ways: dict[Key, Callable[[], float]] = {}
        for precision in ("float32", "int8") if plan.has_int8 else ("float32",):
            suffix = "_int8" if precision == "int8" else ""
            for name, number in (("bare", 1), *(("classifier", number) for number in plan.threads)):
                asks = partial(site.asks, "images_per_second", contender=name, precision=precision, threads=number)
                ways[Key("threads", f"{name}{suffix}", number)] = asks(seconds=plan.thread_seconds)
                asks(seconds=0.1)()  # to warm up
        results.add(interleaved(ways, "images/s", plan.rounds))


def process(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """Start-up and memory of a serving process, anew for every round."""
    largest = scratch / "largest.png"
    largest.write_bytes(radiograph_file("PNG", LARGEST_MEGAPIXELS - 0.1, seed=0))
    samples: dict[tuple[Key, str], list[float]] = {}
    engines = [engine for engine in plan.engines if plan.has_int8 or engine != "openvino_int8"]
    for _ in range(plan.process_rounds):
        for engine in engines:
            for name, unit, value in _one_process(engine, largest, scratch):
                samples.setdefault((Key("process", f"{engine} {name}"), unit), []).append(value)
    results.add([measured(key, unit, values) for (key, unit), values in samples.items()])
    for engine in ENGINES.keys() - set(engines):
        reason = NOT_BUILT if engine == "openvino_int8" else NOT_QUICK
        results.leave_out(Key("process", f"{engine} start"), reason)


def _one_process(engine: str, largest: Path, scratch: Path) -> list[tuple[str, str, float]]:
    started = time.perf_counter()
    with Worker("bench.sides.site_side", environment(scratch)) as site:
        idle = site.call("ready", engine=ENGINES[engine])
        seconds = time.perf_counter() - started
        return [
            ("start", "s", seconds),
            ("idle", "MiB", idle),
            ("peak", "MiB", site.call("peak_after", path=str(largest))),
        ]


def upload(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """From the upload's last byte to the result's page, through the whole site, a new file every time."""
    cases = [(name, megapixels) for name in FORMATS for megapixels in plan.megapixels]
    samples: dict[Key, list[float]] = {}
    with Worker("bench.sides.site_side", environment(scratch)) as site:
        for turn in range(plan.upload_rounds + 1):  # the first is for warming up
            for name, megapixels in cases if turn else cases[:1]:
                content, path = radiograph_file(name, megapixels, seed=turn), scratch / "upload"
                if len(content) > MAX_FILE_BYTES:
                    results.leave_out(Key("upload", name, megapixels), TOO_LARGE)
                    continue
                path.write_bytes(content)
                times = site.call("upload", path=str(path))
                times["beside"] = times["processor"] - times["classifier"]
                for what in times if turn else ():
                    samples.setdefault(Key("upload", f"{name} {what}", megapixels), []).append(times[what] * 1000)
    results.add([measured(key, "ms", values) for key, values in samples.items()])


def training(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """Steps and passes of both ways to train; `training_cost` adds them up."""
    if not plan.training_rounds:
        return
    scratch_environment = environment(scratch) | {"TMPDIR": str(scratch)}
    with Worker("bench.sides.training_side", scratch_environment) as side:
        asks = partial(side.asks, weights=plan.weights)
        export = Key("training", "export")
        results.add([measured(export, "s", [side.call("export", weights=plan.weights)])])
        ways = {Key("training", "frozen"): asks("frozen", images=8 * plan.training_steps)}
        for stage in (1, 2):
            for way in ("plain", "cached"):
                for what in ("step", "validate"):
                    key = Key("training", f"{way} {what}", stage)
                    ways[key] = asks(what, way=way, stage=stage, steps=plan.training_steps * _more(way, stage))
        for warm_up in ways.values():
            warm_up()
        results.add(interleaved(ways, "s", plan.training_rounds))


def _more(way: str, stage: int) -> int:
    """Steps on pooled features take so little time that many are measured at once."""
    return {("cached", 1): 100, ("cached", 2): 4}.get((way, stage), 1)


def lists(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """Lists and statistics over invented results on a MariaDB server of its own: time in the server, and queries."""
    if not _has_mariadb():
        results.leave_out(Key("lists", "all"), NO_MARIADB)
        return
    settings = environment(scratch) | {
        "DEVELOPMENT": "False",  # as a server is set up
        "SECRET_KEY": secrets.token_urlsafe(50),
        "STATIC_ROOT": str(scratch / "static"),
        "MARIADB_BUFFER_POOL": "2G",
        "API_REQUESTS_PER_MINUTE": "1000000",
        "TMPDIR": str(scratch),
    }
    beside = (sys.executable, "scripts/with_mariadb.py")
    with Worker("bench.sides.lists_side", settings, beside) as side:
        for number in plan.results:
            results.add([measured(Key("lists", "seed", number), "s", [side.call("seed", total=number)])])
            for kind, found in side.call("times", repeat=plan.list_rounds).items():
                results.add([measured(Key("lists", f"{kind}: time", number), "ms", found["milliseconds"])])
                results.add([measured(Key("lists", f"{kind}: queries", number), "queries", [found["queries"]])])


def jobs(plan: BenchPlan, scratch: Path, results: Results) -> None:
    """Images per second of jobs: one process, Celery, workers on two hosts next to what each does alone; waiting."""
    if not (_has_mariadb() and find_spec("celery")):
        results.leave_out(Key("jobs", "all"), NO_HOSTS)
        return
    with Worker("bench.sides.jobs_side", environment(scratch)) as side:
        if not side.call("can_be_measured"):
            results.leave_out(Key("jobs", "all"), NO_HOSTS)
            return
        found = side.call("measure", folder=str(scratch), images=plan.job_images, rounds=plan.job_rounds)
    results.add([measured(Key("jobs", name), "images/s", values) for name, values in found["images/s"].items()])
    results.add([measured(Key("jobs", name), "of one", [value]) for name, value in found["costs"].items()])
    results.add([measured(Key("jobs", "service"), "s", found["service"])])
    for workers in QUEUES:
        for load in LOADS:
            waiting = simulated(found["service"], workers=workers, load=load, arrivals=plan.arrivals)
            for name, value in (("mean", waiting.mean), ("p95", waiting.p95)):
                results.add([measured(Key("jobs", f"waiting {name}, {workers} workers", load), "s", [value])])


def _has_mariadb() -> bool:
    return mariadb_server() is not None and find_spec("MySQLdb") is not None


PARTS: Mapping[str, Callable[[BenchPlan, Path, Results], None]] = {
    "inference": inference,
    "threads": threads,
    "process": process,
    "upload": upload,
    "training": training,
    "lists": lists,
    "jobs": jobs,
}


def measure(plan: BenchPlan, say: Callable[[str], None]) -> Results:
    """Every part of the plan, one after the other; a part that fails is left out with what it said."""
    results = Results()
    for name, part in PARTS.items():
        if name not in plan.parts:
            results.leave_out(Key(name, "all"), NOT_QUICK if plan.is_quick else "not asked for")
            continue
        say(f"{name}: {part.__doc__}")
        started = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="covidxray-bench-") as scratch:
            try:
                part(plan, Path(scratch), results)
            except WorkerFailed as error:
                say(f"  {error}")
                results.leave_out(Key(name, "all"), str(error))
                continue
        results.add([measured(Key("run", name), "s", [time.perf_counter() - started])])
        say(f"  {time.perf_counter() - started:.0f} s")
    return results
