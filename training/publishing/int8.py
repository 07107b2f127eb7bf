"""int8: the served graph with its convolutions in eight bits, rebuilt on any machine from a small file of ranges.

What values occur inside the network was learned once, on training images (`learn_ranges`), and is kept with the version
in int8.npz. A machine that builds the graph (`quantised`) needs no images and no quantiser, and every one builds the
same. What stays float32 are the convolutions that read the picture and the map that is pooled first, because their
rounding noise passes through everything after them, and the sums of coarse maps, where it adds up over many blocks
(docs/decisions/0120-int8.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import openvino.opset13 as ops
from numpy.typing import NDArray

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import RANGES
from diagnosis.inference.contract import IMAGE_SIZE
from diagnosis.inference.engines import SETTINGS

LEVELS = 255
BINS = 2048
COLOURS = 3
SUMS_FROM = IMAGE_SIZE // 8
"""Of ResNet-152 the first two stages: a fifth of the sums, and most of their time."""
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Ranges:
    """What the int8 graph has in addition to the float32 one, for its convolutions in the order of the graph.

    highest: (convolutions,) float32, the largest input value that is told apart; 0: this one stays in float32.
    shifts: (output channels of all the others,) float32, what rounding the weights takes from each on average.
    sums_from: maps of so many rows, or more, are rounded before a block adds them to its convolutions' output, too, so
    that none is written in float32; 0: none is, as in files of earlier versions.
    """

    highest: Floats
    shifts: Floats
    sums_from: int = 0


@dataclass
class Inputs:
    """The values that reach a convolution: their average by channel, and how often each size occurs."""

    images: int = 0
    lowest: float = 0.0
    top: float = 0.0
    total: Floats = field(default_factory=lambda: np.zeros(1, np.float32))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    def add(self, values: Floats) -> None:
        """values: (n, channels, rows, cols). The first ones decide the width of the bins."""
        self.top = self.top or max(2 * float(values.max()), 1e-6)
        self.lowest = min(self.lowest, float(values.min()))
        bins = np.clip(values.ravel() * (BINS / self.top), 0, BINS - 1).astype(np.int64)
        self.counts += np.bincount(bins, minlength=BINS)
        self.total = self.total + values.mean(axis=(2, 3)).sum(axis=0)
        self.images += len(values)

    @property
    def mean(self) -> Floats:
        """(channels,)"""
        return np.asarray(self.total / self.images, np.float32)

    def best_highest(self) -> float:
        """The end of the range with the least mean squared error: a few large values are cut off for finer steps."""
        if self.lowest < 0:
            return 0.0  # the steps begin at 0; nothing behind a ReLU is negative
        used = int(np.flatnonzero(self.counts)[-1]) + 1
        candidates = np.unique(np.linspace(max(used * 0.15, 4), used, 80).astype(int)) * self.top / BINS
        return float(min(candidates, key=self._squared_error))

    def _squared_error(self, highest: float) -> float:
        values, step = (np.arange(BINS) + 0.5) * self.top / BINS, highest / LEVELS
        rounding = step**2 / 12 * np.minimum(1, values / step)
        return float(self.counts @ np.where(values <= highest, rounding, (values - highest) ** 2))


def learn_ranges(graph: Path, images: Iterable[np.ndarray]) -> Ranges:
    """Run the float32 graph on images, (n, size, size, 3) float32 each, and see what reaches its convolutions."""
    model = openvino.Core().read_model(graph)
    layers = convolutions(model)
    sources = list(dict.fromkeys(layer.input_value(0) for layer in layers))
    found = dict(zip(sources, _seen(model, sources, images), strict=True))
    highest, shifts = np.zeros(len(layers), np.float32), [np.zeros(0, np.float32)]
    for index, layer in enumerate(layers):
        seen = found[layer.input_value(0)]
        if not is_at_the_beginning(layer):
            highest[index] = seen.best_highest()
        if highest[index]:
            shifts.append(_shift(weights_of(layer), seen.mean))
    return Ranges(highest, np.concatenate(shifts), sums_from=SUMS_FROM)


def is_at_the_beginning(layer: Any) -> bool:
    """Whether it reads the picture, or the map that is pooled first: of ResNet-152 3 of 155."""
    return weights_of(layer).shape[1] == COLOURS or layer.input_value(0).get_node().get_type_name() == "MaxPool"


def _seen(model: Any, sources: list[Any], images: Iterable[np.ndarray]) -> list[Inputs]:
    inside = openvino.Model(sources, model.get_parameters(), "inside")
    request = openvino.Core().compile_model(inside, "CPU", SETTINGS).create_infer_request()
    found = [Inputs() for _ in sources]
    for batch in images:
        outputs = request.infer([batch])
        for index, seen in enumerate(found):
            seen.add(outputs[index])
    return found


def quantised(graph: Path, ranges: Ranges) -> Any:
    """The graph with int8 convolutions, an openvino.Model. Raises ModelUnavailable when the ranges are not its own.

    Inputs are rounded to 256 steps from 0, weights to 255 steps around 0 for each output channel.
    """
    model = openvino.Core().read_model(graph)
    layers = convolutions(model)
    channels = [len(weights_of(layer)) for layer in layers]
    if len(ranges.highest) != len(layers) or len(ranges.shifts) != np.sum(channels, where=ranges.highest > 0):
        raise ModelUnavailable(f"{RANGES} does not belong to this network.")
    rounded: dict[Any, Any] = {}
    start = 0
    for layer, highest, number in zip(layers, ranges.highest, channels, strict=True):
        if highest:
            _quantise(layer, float(highest), ranges.shifts[start : start + number], rounded)
            start += number
    if ranges.sums_from:
        _round_sums(rounded, ranges.sums_from)
    model.validate_nodes_and_infer_types()
    return model


def _quantise(layer: Any, highest: float, shifts: Floats, rounded: dict[Any, Any]) -> None:
    source = layer.input_value(0)
    if source not in rounded:
        ends = [ops.constant(np.full((1, 1, 1, 1), value, np.float32)) for value in (0.0, highest)]
        rounded[source] = ops.fake_quantize(source, *ends, *ends, LEVELS + 1)
    steps, scale = rounded_weights(weights_of(layer))
    weights = ops.multiply(ops.convert(ops.constant(steps), "f32"), ops.constant(scale))
    (target,) = layer.output(0).get_target_inputs()
    shift = ops.constant(shifts.reshape(1, -1, 1, 1).astype(np.float32))
    layer.input(0).replace_source_output(rounded[source].output(0))
    layer.input(1).replace_source_output(weights.output(0))
    target.replace_source_output(ops.add(layer.output(0), shift).output(0))


def _round_sums(rounded: dict[Any, Any], rows: int) -> None:
    """Let sums read the rounded map, as the convolutions do. rounded: what rounds an output, by the output."""
    for source, steps in rounded.items():
        readers = source.get_target_inputs() if source.get_partial_shape()[2].get_length() >= rows else ()
        for reader in readers:
            if reader.get_node().get_type_name() == "Add":
                reader.replace_source_output(steps.output(0))


def convolutions(model: Any) -> list[Any]:
    """In the order of the graph, which follows from the network; names differ from export to export."""
    return [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]


def weights_of(layer: Any) -> Floats:
    """(output channels, input channels, rows, cols)"""
    return np.asarray(layer.input_value(1).get_node().get_data(), np.float32)


def rounded_weights(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Whole steps in -127..127, and the size of a step for each output channel, (output channels, 1, 1, 1)."""
    scale = np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / 127, np.float32(1e-12)).astype(np.float32)
    return np.rint(weights / scale).astype(np.int8), scale


def _shift(weights: Floats, mean: Floats) -> Floats:
    """What the rounding of the weights takes from each output channel, (output channels,), for inputs of that mean."""
    steps, scale = rounded_weights(weights)
    return np.einsum("oihw,i->o", weights - steps * scale, mean).astype(np.float32)


def save_ranges(path: Path, ranges: Ranges) -> None:
    np.savez_compressed(
        path,
        highest=ranges.highest.astype(np.float32),
        shifts=ranges.shifts.astype(np.float16),
        sums_from=np.int64(ranges.sums_from),
    )


def load_ranges(path: Path) -> Ranges:
    """Raises ModelUnavailable when the file is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            highest, shifts = (archive[name].astype(np.float32) for name in ("highest", "shifts"))
            sums_from = int(archive["sums_from"]) if "sums_from" in archive else 0
    except Exception as error:  # zipfile, zlib, OSError, ValueError, KeyError: all mean that the file cannot be used
        raise ModelUnavailable(f"{path.name} of model {path.parent.name} is missing or damaged: {error}") from error
    if not (np.isfinite(highest).all() and (highest >= 0).all() and np.isfinite(shifts).all()):
        raise ModelUnavailable(f"{path.name} of model {path.parent.name} holds what is no range.")
    return Ranges(highest, shifts, sums_from)
