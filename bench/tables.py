"""The tables of a run in Markdown, as they are printed and as docs/performance-tables.md has them between marks."""

from collections.abc import Iterable, Sequence

from bench.figures import (
    EPOCHS,
    TRAINED_IMAGES,
    floor_milliseconds,
    growth_of,
    int8_floor_milliseconds,
    operations,
    ratio,
    targets,
    training_gain,
    training_seconds,
)
from bench.machine import Machine
from bench.parts import QUEUES
from bench.radiographs import FORMATS
from bench.sampling import Key, Results

WAYS = {
    "predict": "`model.predict`",
    "tf_function": "`tf.function` around the call",
    "openvino": "OpenVINO float32, with the heat map",
    "bare": "OpenVINO float32, probabilities alone",
    "classifier": "the classifier: gate, preprocessing, OpenVINO float32, heat map, decision",
    "openvino_int8": "OpenVINO int8, with the heat map",
    "bare_int8": "OpenVINO int8, probabilities alone",
    "classifier_int8": "the classifier, with OpenVINO int8",
}
PARTS_OF_ONE = {
    "one_view": "one view alone through the backbone, OpenVINO float32",
    "one_view_int8": "one view alone through the backbone, OpenVINO int8",
    "lungs": "the lungs: reducing the picture, their network, outlines",
    "gate": "the gate: rules, measures of lungs and exposure, heads, distance",
}
ENGINES = {"openvino": "OpenVINO float32", "openvino_int8": "OpenVINO int8", "keras": "Keras"}
NOTHING = "not measured"
BUSY_SHARE = 0.25
"""Of the processors: with more than this at work before the run, its figures come with a warning."""


def tables(results: Results, machine: Machine, measured_at: str, versions: dict[str, str]) -> dict[str, str]:
    """Name of the mark -> Markdown."""
    return {
        "machine": machine_line(machine, measured_at, versions),
        "targets": _targets(results),
        "inference": _inference(results),
        "threads": _threads(results),
        "process": _process(results),
        "upload": _upload(results),
        "training": _training(results),
        "lists": _lists(results),
        "jobs": _jobs(results),
    }


def with_tables(document: str, made: dict[str, str], kind: str = "bench") -> str:
    """The document with the text between each pair of marks replaced. Raises ValueError where a mark is missing."""
    for name, table in made.items():
        first, last = f"<!-- {kind}:{name} -->\n", f"<!-- /{kind}:{name} -->"
        if (document.count(first), document.count(last)) != (1, 1):
            raise ValueError(f"The document has {document.count(first)} places for the table {name!r}; it needs one.")
        before, rest = document.split(first)
        document = f"{before}{first}{table}\n{last}{rest.split(last)[1]}"
    return document


def machine_line(machine: Machine, measured_at: str, versions: dict[str, str]) -> str:
    """On what was measured, with a warning where other programs were at work."""
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    busy = machine.busy_before > BUSY_SHARE * machine.cores
    warning = "**Other programs kept this machine busy: the figures say little.** " if busy else ""
    return (
        f"{warning}Measured {measured_at[:10]} on {machine.cpu}, {machine.cores} cores, "
        f"{machine.memory_mib / 1024:.0f} GiB, {machine.system}. "
        f"Busy processes before and after: {machine.busy_before:g} and {machine.busy_after:g}.\n"
        f"{packages}."
    )


JOBS = {
    "classify": "`manage.py classify`, which stores nothing",
    "run_jobs": "a job by one process (`run_jobs`)",
    "celery": "a job by Celery with two processes",
    "classify on one core": "`manage.py classify` on one processor",
    "host a": "a job by a worker on a host of its own, one processor",
    "host b": "a job by the other one",
    "both hosts": "a job by both hosts at once",
}


def _jobs(results: Results) -> str:
    rows = [(title, _spread(results, Key("jobs", name))) for name, title in JOBS.items()]
    costs = ("kB stored", "rows", "kB in the database", "kB through the network")
    said = ", ".join(f"{_spread(results, Key('jobs', name))} {name}" for name in costs)
    loads = results.sizes("jobs", "waiting mean, 1 workers")
    heads = ["workers", *(f"busy {load:.0%}: mean (p95), s" for load in loads)]
    return (
        f"{table(['way', 'images/s'], rows)}\n\nOf one radiograph of one megapixel: {said}.\n\n"
        f"{table(heads, [(f'{number}', *(_waiting(results, number, load) for load in loads)) for number in QUEUES])}"
    )


def _waiting(results: Results, workers: int, load: float) -> str:
    mean, p95 = (results.median("jobs", f"waiting {name}, {workers} workers", load) for name in ("mean", "p95"))
    return f"{_number(mean)} ({_number(p95)})"


def _targets(results: Results) -> str:
    words = {None: NOTHING, True: "met", False: "**not met**"}
    rows = [
        (target.name, ("≤ " if target.is_lower_better else "≥ ") + f"{target.limit:g} {target.unit}",
         _number(target.figure), words[target.met])
        for target in targets(results)
    ]  # fmt: skip
    return table(["target", "aimed at", "measured", ""], rows)


def _inference(results: Results) -> str:
    predict, floor, in_int8 = (
        results.median("inference", "predict", 1),
        floor_milliseconds(results),
        int8_floor_milliseconds(results),
    )
    rows = []
    for name, title in WAYS.items():
        one = results.median("inference", name, 1)
        cells = [_spread(results, Key("inference", name, batch)) for batch in (1, 8)]
        own = in_int8 if name.endswith("_int8") else floor
        rows.append((title, *cells, _number(ratio(predict, one)), _number(ratio(one, own))))
    for name, title in PARTS_OF_ONE.items():
        rows.append((title, _spread(results, Key("inference", name, 1)), "", "", ""))
    for title, value in (
        (f"floor in float32: {operations(results):g} GFLOP at the rate of a matrix product", floor),
        ("floor in int8: as many operations at the rate of a convolution", in_int8),
    ):
        rows.append((title, _number(value), "", _number(ratio(predict, value)), "1" if value else ""))
    rates = [_spread(results, Key("matrix", name)) for name in ("numpy", "tf_matmul")]
    heads = ["way", "ms per radiograph, batch 1", "batch 8", "times faster than `model.predict`", "times its floor"]
    said = f"Float32 matrix product, 4096³: NumPy {rates[0]}, `tf.matmul` {rates[1]} GFLOP/s; int8 convolution: "
    return f"{table(heads, rows)}\n\n{said}{_spread(results, Key('matrix', 'int8_convolution'))} GOP/s."


def _threads(results: Results) -> str:
    rows = []
    for suffix, precision in (("", "float32"), ("_int8", "int8")):
        bare = Key("threads", f"bare{suffix}", 1)
        rows.append(
            (f"bare engine in {precision}, 1 thread", _spread(results, bare), "1" if _median(results, bare) else "")
        )
        for number in results.sizes("threads", f"classifier{suffix}") or [1]:
            key = Key("threads", f"classifier{suffix}", number)
            share = _number(ratio(_median(results, key), _median(results, bare)))
            who = f"classifier in {precision}, {number:g} thread{'s' if number > 1 else ''}"
            rows.append((who, _spread(results, key), share))
    return table(["who asks", "images/s", "of the bare engine"], rows)


def _process(results: Results) -> str:
    default = results.median("process", "openvino idle")
    rows = []
    for engine, title in ENGINES.items():
        cells = [_spread(results, Key("process", f"{engine} {what}")) for what in ("start", "idle", "peak")]
        rows.append((title, *cells, _number(ratio(results.median("process", f"{engine} idle"), default))))
    heads = ["engine", "ready after, s", "idle, MiB", "peak at 40 megapixels, MiB", "idle, of float32"]
    return table(heads, rows)


def _upload(results: Results) -> str:
    sizes = results.sizes("upload", "PNG wall")
    rows = []
    for name in FORMATS:
        for what, title in (("wall", "time"), ("beside", "processor time beside the classifier")):
            cells = [_spread(results, Key("upload", f"{name} {what}", size)) for size in sizes]
            rows.append(
                (f"{name}, {title}", *(cells or [NOTHING]), _number(growth_of(results, "upload", f"{name} {what}")))
            )
    heads = [f"{size:g} megapixels, ms" for size in sizes] or ["ms"]
    return table(["file", *heads, "grows with megapixels to the power of"], rows)


def _training(results: Results) -> str:
    rows = []
    for images, epochs in ((1_000, 5), (1_000, 25), (TRAINED_IMAGES, 5), (TRAINED_IMAGES, EPOCHS), (100_000, EPOCHS)):
        seconds = [training_seconds(results, way, images, epochs) for way in ("plain", "cached")]
        hours = [None if value is None else value / 3600 for value in seconds]
        rows.append(
            (
                f"{images:,}",
                f"{epochs} + {epochs}",
                *map(_number, hours),
                _number(training_gain(results, images, epochs)),
            )
        )
    extrapolated = table(["images", "epochs", "plain fit, h", "cached, h", "times faster"], rows)
    return f"{_steps(results)}\n\n{extrapolated}"


def _steps(results: Results) -> str:
    rows: list[tuple[str, ...]] = [
        ("graph of the frozen part, once", "", _spread(results, Key("training", "export"))),
        ("one pass through the frozen part, per image", "", _spread(results, Key("training", "frozen"))),
    ]
    for stage in (1, 2):
        for what, title in (("step", "one step of 32 images"), ("validate", "validation, per image")):
            cells = [_spread(results, Key("training", f"{way} {what}", stage)) for way in ("plain", "cached")]
            rows.append((f"stage {stage}, {title}", *cells))
    return table(["measured, s", "plain fit", "cached"], rows)


def _lists(results: Results) -> str:
    sizes = sorted({key.size for key in results.measurements if key.part == "lists"})
    kinds = [key.name.removesuffix(": time") for key in results.measurements if key.name.endswith(": time")]
    rows = []
    for kind in dict.fromkeys(kinds):
        times = [_spread(results, Key("lists", f"{kind}: time", size)) for size in sizes]
        queries = [_number(results.median("lists", f"{kind}: queries", size)) for size in sizes]
        rows.append((kind, *times, ", ".join(dict.fromkeys(queries))))
    heads = [f"{size:,.0f} results, ms" for size in sizes] or ["ms"]
    invented = [f"{size:,.0f} in {_spread(results, Key('lists', 'seed', size))} s" for size in sizes]
    return table(["asked for", *heads, "queries"], rows) + f"\n\nInvented: {', '.join(invented) or NOTHING}."


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _spread(results: Results, key: Key) -> str:
    """The median, and the lowest and highest round behind it."""
    found = results.measurements.get(key)
    if not found:
        return results.not_measured.get(key, NOTHING).split(":")[0]
    return f"{_number(found.median)} ({_number(found.low)}–{_number(found.high)})"


def _median(results: Results, key: Key) -> float | None:
    return results.median(key.part, key.name, key.size)


def _number(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
