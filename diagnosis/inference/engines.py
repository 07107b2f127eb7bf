"""Engines that run a served network: image batch -> probabilities and evidence map, in one pass.

``openvino``           the default: the precision that build_model chose on this machine, one of the next two
``openvino-float32``   the served graph; no TensorFlow in the process
``openvino-int8``      its convolutions in eight bits, where the version has ranges for them
                       (training/publishing/int8.py)
``keras``              the Keras model itself, imported only when it is asked for; the reference the others are tested
                       against

A diagnosis names its precision too, never the first of them.
"""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import built_precision

SERVING_GRAPH = "serving.xml"
INT8_GRAPH = "serving-int8.xml"
KERAS_MODEL = "model.keras"
GRAPHS = {"float32": SERVING_GRAPH, "int8": INT8_GRAPH}
SETTINGS = {
    # All processors work on one image, and calls at once take turns.
    "PERFORMANCE_HINT": "LATENCY",
    # The default is bfloat16 where the CPU has it: other values. This is for what is not int8 in an int8 graph, too.
    "INFERENCE_PRECISION_HINT": "f32",
}
TWO_STREAMS = SETTINGS | {
    # Half of the processors work on one image. Two at once are done sooner than one after the other, and processors
    # that are also wanted for pages keep no one waiting: docs/decisions/0121-in-company.md.
    "NUM_STREAMS": "2",
}
NICENESS = 10
"""Steps of niceness: a page gets about ten times the time of a network that wants the same processor."""
SIMULTANEOUS_SECONDS = 1.0
"""So long after two images at once the next one is expected to have company, too."""


@dataclass(frozen=True)
class EngineOutput:
    """probabilities: (n, classes) float32, softmax in the order of the version's classes; sigmoids where a picture may
    have several.

    evidence: (n, rows, cols) float32 >= 0, contribution to the COVID score per place, in logits.

    Of a network with two views, evidence is (n, 2, rows, cols), and there are also
    opacity: (n, rows, cols) float32 in 0..1, of each cell of the lungs' view.
    quarters: (n, 2, 2, channels) float32, averages of the map of stage 4 over the quarters of the whole picture.
    features: (n, 2, channels + 1) float32, what the head reads of each view; lung_quarters: as quarters, of the lungs'
    view. Both are None of a graph that was built before there was a format 4.
    """

    probabilities: np.ndarray
    evidence: np.ndarray
    opacity: np.ndarray | None = None
    quarters: np.ndarray | None = None
    features: np.ndarray | None = None
    lung_quarters: np.ndarray | None = None


class Engine(Protocol):
    """Safe to call from any thread."""

    name: str

    def run(self, images: np.ndarray) -> EngineOutput:
        """images: (n, size, size, 3) float32 in [0, 255]; (n, 2, size, size, 3) for a network with two views."""
        ...


class OpenVINOEngine:
    """The serving graph of one precision, "float32" or "int8", compiled by OpenVINO for the CPU.

    In int8 it is compiled twice: for an image alone, and for several at once. In float32 the weights would take 235 MiB
    more.
    """

    def __init__(self, folder: Path, precision: str = "float32") -> None:
        self.name = f"openvino-{precision}"
        if precision == "int8" and not (folder / INT8_GRAPH).is_file():
            raise ModelUnavailable(f"Model {folder.name} has no int8 graph on this machine; build_model says why.")
        graph = folder / GRAPHS[precision]
        self._alone = CompiledGraph(graph, SETTINGS)
        self._in_company = compiled_behind_pages(graph, TWO_STREAMS) if precision == "int8" else self._alone
        self._company = _SimultaneousCalls()

    def run(self, images: np.ndarray) -> EngineOutput:
        with self._company as is_expected:
            return (self._in_company if is_expected else self._alone).run(images)


class CompiledGraph:
    """A graph as one set of settings has OpenVINO compute it; safe to call from any thread."""

    def __init__(self, graph: Path, settings: Mapping[str, str]) -> None:
        import openvino

        core = openvino.Core()
        # Read and not mapped: in a mapped file, weights altered on the disk alter answers, and a file that is cut
        # off ends the process.
        core.set_property({"ENABLE_MMAP": False})
        self.compiled = core.compile_model(graph, "CPU", dict(settings))
        self.idle: deque[Any] = deque()  # its pop and append are atomic
        # OpenVINO looks for NumPy at the first image, and two first ones at once wait for each other for ever, with
        # Python's lock held: the whole process stops. So the first call is this one, before anyone has the engine.
        first = [1, *(side.get_length() for side in list(self.compiled.input(0).partial_shape)[1:])]
        self.run(np.zeros(first, np.float32))

    def run(self, images: np.ndarray) -> EngineOutput:
        # A compiled model shared by threads returns other threads' values: every call has a request to itself, and
        # there are never more requests, with their memory, than there were calls at once.
        try:
            request = self.idle.pop()
        except IndexError:
            request = self.compiled.create_infer_request()
        outputs = request.infer([images])
        answer = EngineOutput(*(outputs[index].copy() for index in range(len(outputs))))
        self.idle.append(request)  # not after an error: that request is left to the garbage collector
        return answer


def compiled_behind_pages(graph: Path, settings: Mapping[str, str]) -> CompiledGraph:
    """The graph in threads that let the threads of pages go first.

    They take their priority from the thread that starts them; Linux keeps one for each thread (setpriority(2), NOTES).
    """

    def compiled() -> CompiledGraph:
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
        return CompiledGraph(graph, settings)

    with ThreadPoolExecutor(1) as starter:
        return starter.submit(compiled).result()


class _SimultaneousCalls:
    """Entered by every caller; tells it whether to expect others, because some were here lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present, self._until = 0, -math.inf

    def __enter__(self) -> bool:
        with self._lock:
            self._present += 1
            if self._present > 1:
                self._until = time.monotonic() + SIMULTANEOUS_SECONDS
            return time.monotonic() < self._until

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._present -= 1


class KerasEngine:
    """The Keras model, called eagerly: slow and large, but what was trained."""

    name = "keras"

    def __init__(self, folder: Path) -> None:
        import keras

        from diagnosis.inference.two_view_graph import serving_graph_of

        network = keras.models.load_model(folder / KERAS_MODEL, compile=False, safe_mode=True)
        self._model = serving_graph_of(network)
        self._lock = threading.Lock()

    def run(self, images: np.ndarray) -> EngineOutput:
        with self._lock:
            outputs = self._model(images, training=False)
        return EngineOutput(*map(np.asarray, outputs))


def _built_engine(folder: Path) -> Engine:
    return OpenVINOEngine(folder, built_precision(folder))


ENGINES: dict[str, Callable[[Path], Engine]] = {
    "openvino": _built_engine,
    "openvino-float32": partial(OpenVINOEngine, precision="float32"),
    "openvino-int8": partial(OpenVINOEngine, precision="int8"),
    "keras": KerasEngine,
}


def open_engine(name: str, folder: Path) -> Engine:
    """The engine ``name`` on the built model in ``folder``. Raises ModelUnavailable."""
    try:
        factory = ENGINES[name]
    except KeyError:
        raise ModelUnavailable(f"There is no engine {name!r}; choose one of {', '.join(ENGINES)}.") from None
    try:
        return factory(folder)
    except ModelUnavailable:
        raise
    except Exception as error:  # both libraries raise bare RuntimeError, ValueError, OSError and worse
        raise ModelUnavailable(
            f"Model {folder.name} cannot be loaded by {name}; its files may be damaged. "
            f"An administrator repairs it with: manage.py build_model --force --model {folder.name}"
        ) from error
