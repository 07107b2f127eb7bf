"""The lung network executed by OpenVINO: small pictures -> probability of lung at each place."""

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from diagnosis.inference.lungs import SIDE, LungFields, lung_input, read_lung_fields

GRAPH = "lungs.xml"
SETTINGS = {
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",
    # It takes a few milliseconds: more threads would only wait for each other.
    "INFERENCE_NUM_THREADS": "1",
}


class LungNetwork:
    """Safe to call from any thread."""

    def __init__(self, folder: Path) -> None:
        import openvino

        core = openvino.Core()
        core.set_property({"ENABLE_MMAP": False})  # for the same reason as in engines.py
        self._compiled = core.compile_model(folder / GRAPH, "CPU", SETTINGS)
        self._idle: deque[Any] = deque()
        self.probabilities(np.zeros((1, SIDE, SIDE, 1), np.float32))  # the first call, while no one else has it

    def find(self, pixels: np.ndarray) -> LungFields:
        """(height, width) uint8 grey pixels -> the lungs in them."""
        return read_lung_fields(self.probabilities(lung_input(pixels)[None])[0, :, :, 0])

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """(n, 96, 96, 1) float32 in [0, 1] -> (n, 96, 96, 1) float32 in [0, 1]."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        probabilities: np.ndarray = request.infer([pictures])[0].copy()
        self._idle.append(request)
        return probabilities
