"""The served graph on OpenVINO: bare, with its map, and inside the classifier."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.radiographs import radiograph_file
from bench.sides.clock import gigaflops, matrices, per_call
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.engines import GRAPHS, SETTINGS
from diagnosis.inference.gate import check_assessable
from diagnosis.inference.gate.learned import PooledFeatures, read_gate
from diagnosis.inference.lung_network import LungNetwork
from diagnosis.inference.lungs import LungFields
from diagnosis.inference.serving import load_classifier


@cache
def _classifier(precision: str) -> Classifier:
    return load_classifier(engine=f"openvino-{precision}")


@cache
def _radiograph() -> Radiograph:
    return read_radiograph(radiograph_file("PNG", 1, seed=0))


@cache
def _without_map(precision: str) -> Any:
    """A request for the probabilities alone, compiled as the engine compiles; for one thread."""
    import openvino

    core = openvino.Core()
    graph = core.read_model(Path(_classifier(precision).artifact.folder) / GRAPHS[precision])
    bare = openvino.Model([graph.outputs[0]], graph.get_parameters(), "bare")
    return core.compile_model(bare, "CPU", SETTINGS).create_infer_request()


@cache
def _one_view(precision: str) -> Any:
    """A request for the backbone's maps of one picture, cut out of the served graph."""
    import openvino
    from openvino import opset13 as ops

    core = openvino.Core()
    graph = core.read_model(Path(_classifier(precision).artifact.folder) / GRAPHS[precision])
    image = ops.parameter([1, *PICTURE], np.float32)
    first = graph.input(0) if views() == 1 else _only_reader(graph.input(0)).output(0)
    for reader in first.get_target_inputs():
        reader.replace_source_output(image.output(0))
    last = next(node for node in graph.get_ordered_ops() if LAST_LAYER in node.get_friendly_name())
    return core.compile_model(openvino.Model([last.output(0)], [image], "view"), "CPU", SETTINGS).create_infer_request()


def _only_reader(output: Any) -> Any:
    (reader,) = output.get_target_inputs()
    return reader.get_node()


def views() -> int:
    """How many pictures of one radiograph the served network reads: the whole, and the lungs if it does."""
    return 2 if _classifier("float32").artifact.preprocessing.reads_lungs else 1


PICTURE = (224, 224, 3)
LAST_LAYER = "conv5_block3_out"


def _images(batch: int, number: int) -> np.ndarray:
    shape = (batch, *PICTURE) if number == 1 else (batch, number, *PICTURE)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


def _assess() -> Callable[[], object]:
    """The rules, and what the learned gate makes of the lungs and of features that it is given."""
    radiograph, lungs = _radiograph(), _lungs()
    gate = read_gate(_classifier("float32").artifact.folder)
    features = PooledFeatures(np.ones((4, FEATURES), np.float32))

    def assess() -> None:
        check_assessable(radiograph)
        gate.assess(radiograph.pixels, lungs, features)

    return assess


def _lungs() -> LungFields:
    return _lung_network().find(_radiograph().pixels)


@cache
def _lung_network() -> LungNetwork:
    return LungNetwork(Path(_classifier("float32").artifact.folder))


FEATURES = 1024
"""Channels of stage 4, whose averages over the quarters of the picture the gate reads."""


def _call(contender: str, precision: str, batch: int) -> Callable[[], object]:
    if contender == "lungs":
        return _lungs
    if contender == "gate":
        return _assess()
    if contender == "one_view":
        return partial(_one_view(precision).infer, [_images(1, 1)])
    images = _images(batch, views())
    if contender == "bare":
        return partial(_without_map(precision).infer, [images])
    if contender == "openvino":
        return partial(_classifier(precision).engine.run, images)
    return lambda: [_classifier(precision).classify(_radiograph()) for _ in range(batch)]


def milliseconds(contender: str, batch: int, calls: int, precision: str = "float32") -> float:
    """Per radiograph. "bare": probabilities alone; "openvino": with all that is served; "classifier": a decoded
    megapixel to an answer. Parts of it: "one_view" through the backbone, "lungs", "gate"; these take one at a time.

    The classifier takes one radiograph after the other, also where the batch is larger.
    """
    return per_call(_call(contender, precision, batch), calls) * 1000 / batch


def images_per_second(contender: str, threads: int, seconds: float, precision: str = "float32") -> float:
    """Finished by this many threads; each asks again as soon as it has its answer."""
    call = _call(contender, precision, 1)
    started = time.perf_counter()

    def work(_: int) -> int:
        number = 0
        while time.perf_counter() - started < seconds:
            call()
            number += 1
        return number

    with ThreadPoolExecutor(threads) as pool:
        number = sum(pool.map(work, range(threads)))
    return number / (time.perf_counter() - started)


def matrix_rate() -> float:
    """GFLOP/s of a float32 matrix product by NumPy."""
    one, other = matrices()
    return gigaflops(per_call(lambda: one @ other, 1))


CHANNELS, SIDE = 512, 64
"""Of the convolution that measures what the machine can do in int8: 3 x 3, large enough to keep it busy."""


@cache
def _convolution() -> Any:
    """A request for that convolution, which OpenVINO runs on eight-bit numbers; its output is averaged away."""
    import openvino
    from openvino import opset13 as ops

    rng = np.random.default_rng(0)
    weights = rng.integers(-127, 128, (CHANNELS, CHANNELS, 3, 3)).astype(np.int8)
    scales = rng.uniform(0.01, 0.02, (CHANNELS, 1, 1, 1)).astype(np.float32)
    image = ops.parameter([1, CHANNELS, SIDE, SIDE], np.float32)
    low, high = np.float32(0), np.float32(2.55)
    numbers = ops.fake_quantize(image, low, high, low, high, levels=256)
    kernel = ops.multiply(ops.convert(ops.constant(weights), "f32"), ops.constant(scales))
    product = ops.convolution(numbers, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    graph = openvino.Model([ops.reduce_mean(ops.relu(product), np.array([2, 3]))], [image], "convolution")
    return openvino.Core().compile_model(graph, "CPU", SETTINGS).create_infer_request()


def int8_rate() -> float:
    """Thousand million operations per second of a large convolution in int8."""
    image = np.random.default_rng(1).uniform(0, 2.55, (1, CHANNELS, SIDE, SIDE)).astype(np.float32)
    operations = 2 * 9 * CHANNELS**2 * SIDE**2
    return operations / per_call(lambda: _convolution().infer([image]), 5) / 1e9


CALLS: dict[str, Callable[..., Any]] = {
    "milliseconds": milliseconds,
    "images_per_second": images_per_second,
    "matrix_rate": matrix_rate,
    "int8_rate": int8_rate,
    "views": views,
}
