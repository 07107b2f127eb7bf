"""What follows from the measurements: ratios, the floor of the machine, the cost of a training, growth, targets."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.sampling import Results

GFLOP = 23.1
"""Floating-point operations of one 224 x 224 picture through ResNet-152, in thousands of millions."""
TRAINED_IMAGES, EPOCHS, BATCH = 10_000, 25, 32
"""The training that both ways are extrapolated to; EPOCHS is of each of the two stages, as in the paper."""


def ratio(one: float | None, other: float | None) -> float | None:
    """None where either was not measured."""
    return one / other if one is not None and other else None


def floor_milliseconds(results: Results) -> float | None:
    """Time of one radiograph if its operations ran as fast as the faster of the two matrix products."""
    rates = [rate for name in ("numpy", "tf_matmul") if (rate := results.median("matrix", name))]
    return operations(results) / max(rates) * 1000 if rates else None


def int8_floor_milliseconds(results: Results) -> float | None:
    """Time of one radiograph if all its operations ran in int8, as fast as a large convolution does."""
    rate = results.median("matrix", "int8_convolution")
    return operations(results) / rate * 1000 if rate else None


def operations(results: Results) -> float:
    """Of one radiograph in all its views, in thousands of millions."""
    return GFLOP * (results.median("inference", "views") or 1)


def cost_in_views(results: Results, suffix: str) -> float | None:
    """Network, lungs and gate together, in times of one view alone. None where a part was not measured."""
    parts = [results.median("inference", name, 1) for name in (f"openvino{suffix}", "lungs", "gate")]
    found = [part for part in parts if part is not None]
    return ratio(sum(found), results.median("inference", f"one_view{suffix}", 1)) if len(found) == len(parts) else None


def growth_exponent(sizes: list[float], values: list[float]) -> float | None:
    """Slope of log(value) over log(size) by least squares: 1 is proportional, 0 does not grow. None below two sizes."""
    if len(sizes) < 2:
        return None
    across, up = [math.log(size) for size in sizes], [math.log(value) for value in values]
    mean_across, mean_up = sum(across) / len(across), sum(up) / len(up)
    covariance = sum((x - mean_across) * (y - mean_up) for x, y in zip(across, up, strict=True))
    return covariance / sum((x - mean_across) ** 2 for x in across)


def growth_of(results: Results, part: str, name: str) -> float | None:
    sizes = results.sizes(part, name)
    values = [results.median(part, name, size) for size in sizes]
    return growth_exponent(sizes, [value for value in values if value is not None])


def training_seconds(results: Results, way: str, images: int, epochs: int) -> float | None:
    """Both stages with a tenth of `images` for validation; "cached" starts with a cold cache. None if not measured."""
    total = 0.0
    if way == "cached":
        export, frozen = results.median("training", "export"), results.median("training", "frozen")
        if export is None or frozen is None:
            return None
        total = export + frozen * (images + images // 10)
    for stage in (1, 2):
        step, validate = (results.median("training", f"{way} {what}", stage) for what in ("step", "validate"))
        if step is None or validate is None:
            return None
        total += epochs * (math.ceil(images / BATCH) * step + images // 10 * validate)
    return total


def training_gain(results: Results, images: int = TRAINED_IMAGES, epochs: int = EPOCHS) -> float | None:
    """How many times faster the cached training is."""
    seconds = [training_seconds(results, way, images, epochs) for way in ("plain", "cached")]
    return ratio(*seconds)


@dataclass(frozen=True)
class Target:
    """What was aimed at. figure and met are None where it was not measured."""

    name: str
    figure: float | None
    limit: float
    is_lower_better: bool
    unit: str

    @property
    def met(self) -> bool | None:
        if self.figure is None:
            return None
        return self.figure <= self.limit if self.is_lower_better else self.figure >= self.limit


def targets(results: Results) -> list[Target]:
    def times_faster(name: str) -> float | None:
        return ratio(results.median("inference", "predict", 1), results.median("inference", name, 1))

    floor = ratio(results.median("inference", "openvino", 1), floor_milliseconds(results))
    int8_floor = ratio(results.median("inference", "openvino_int8", 1), int8_floor_milliseconds(results))
    return [
        Target("model.predict ÷ OpenVINO int8", times_faster("openvino_int8"), 10, False, "times"),
        Target("model.predict ÷ OpenVINO float32", times_faster("openvino"), 4, False, "times"),
        Target("OpenVINO float32 ÷ floor of the machine", floor, 1.25, True, "times"),
        Target("OpenVINO int8 ÷ floor of the machine", int8_floor, 1.15, True, "times"),
        Target("time of finding the lungs", results.median("inference", "lungs", 1), 10, True, "ms"),
        *_targets_of_precision(results, "float32", ""),
        *_targets_of_precision(results, "int8", "_int8"),
        Target("plain training ÷ cached training", training_gain(results), 25, False, "times"),
        _target_of_upload(results, "JPEG", 1, 60),
        *(_target_of_upload(results, name, 9, limit) for name, limit in (("JPEG", 250), ("PNG", 800), ("DICOM", 800))),
        Target("slowest list, search or page of statistics, of most results", slowest_list(results), 100, True, "ms"),
        Target("more queries for most results than for fewest", more_queries(results), 0, True, "queries"),
        Target("images/s of two hosts ÷ the sum of each alone", share_of_hosts(results), 0.95, False, "times"),
    ]


def share_of_hosts(results: Results) -> float | None:
    """What two workers do at once of what both do alone."""
    a, b = (results.median("jobs", f"host {name}") for name in ("a", "b"))
    return ratio(results.median("jobs", "both hosts"), a + b if a and b else None)


def _targets_of_precision(results: Results, precision: str, suffix: str) -> list[Target]:
    """What either precision is to reach; `suffix` ends the names of its contenders."""
    classifier, bare = (results.median("inference", f"{name}{suffix}", 1) for name in ("classifier", "bare"))
    two, one = (results.median("threads", f"{name}{suffix}", n) for name, n in (("classifier", 2), ("bare", 1)))
    idle, start = (results.median("process", f"openvino{suffix} {what}") for what in ("idle", "start"))
    return [
        Target(
            f"classifier with heat map ÷ bare engine call, {precision}", ratio(classifier, bare), 1.10, True, "times"
        ),
        Target(
            f"two views, lungs and gate ÷ one view, {precision}",
            cost_in_views(results, suffix),
            2.2,
            True,
            "times",
        ),
        Target(f"images/s of 2 threads ÷ bare engine, {precision}", ratio(two, one), 0.95, False, "times"),
        Target(f"memory of an idle serving process, {precision}", idle, 700, True, "MiB"),
        Target(f"start until the first radiograph can be classified, {precision}", start, 6, True, "s"),
    ]


KEPT_AWAY = "for the first time"
"""How the name of a measurement ends that was made without anything that the site keeps: shown, and no target."""


def slowest_list(results: Results) -> float | None:
    """The largest median of milliseconds with the most results. None where lists were not measured."""
    return max(_lists(results, "time", max).values(), default=None)


def more_queries(results: Results) -> float | None:
    """How many queries the most results take more than the fewest, of the kind of list where it is most."""
    most, fewest = _lists(results, "queries", max), _lists(results, "queries", min)
    return max((most[kind] - fewest[kind] for kind in most.keys() & fewest.keys()), default=None)


def _lists(results: Results, what: str, of: Callable[[Iterable[float]], float]) -> dict[str, float]:
    """Kind of list -> median, with the most or the fewest results."""
    found = {key: row.median for key, row in results.measurements.items() if key.name.endswith(f": {what}")}
    counted = {key: value for key, value in found.items() if f"{KEPT_AWAY}:" not in key.name}
    size = of([key.size for key in counted]) if counted else 0
    return {key.name.split(":")[0]: value for key, value in counted.items() if key.size == size}


def _target_of_upload(results: Results, picture_format: str, megapixels: int, limit: float) -> Target:
    beside = results.median("upload", f"{picture_format} beside", megapixels)
    size = f"{megapixels} megapixel{'s' if megapixels > 1 else ''}"
    return Target(f"{picture_format} of {size}, processor time beside the classifier", beside, limit, True, "ms")
