"""The features that the gate reads, out of a network before it is served: averages over the quarters of stage 4."""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.gate.learned import PooledFeatures
from diagnosis.inference.preprocessing import preprocess

STAGE = "conv4"
"""The last stage whose maps a recipe may leave as they were: the gate stays right when later stages are trained."""
SETTINGS = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}


def quarters_model(network: keras.Model) -> keras.Model:
    """Image (n, size, size, 3) float32 in [0, 255] -> (n, 2, 2, channels): averages of the last map of stage 4.

    Its second output, the backbone's last map, makes the graph the one that the version's ranges of int8 belong to.
    """
    backbone = network.get_layer("backbone")
    name = [layer.name for layer in backbone.layers if layer.name.startswith(STAGE) and layer.name.endswith("_out")][-1]
    stages = keras.Model(backbone.inputs, [backbone.get_layer(name).output, backbone.layers[-1].output])
    image = keras.Input(network.input_shape[-3:], name="image")
    stage, last = stages(network.get_layer("rescaling")(image))
    return keras.Model(image, [quarters(stage), last])


def quarters(maps: Any) -> Any:
    """(n, rows, cols, channels), both sides even -> (n, 2, 2, channels)."""
    return layers.AveragePooling2D((maps.shape[1] // 2, maps.shape[2] // 2), name="quarters")(maps)


class FeatureReader:
    """Pixels of a picture -> its PooledFeatures, by OpenVINO; from several threads at once.

    eight_bits: the float32 graph's path -> the same as it is served, an openvino.Model; None: in float32.
    """

    def __init__(
        self,
        network: keras.Model,
        preprocessing: Preprocessing,
        eight_bits: Callable[[Path], Any] | None = None,
    ) -> None:
        import openvino

        self.preprocessing = preprocessing
        core = openvino.Core()
        with tempfile.TemporaryDirectory() as folder:
            graph = Path(folder) / "quarters.xml"
            quarters_model(network).export(str(graph), format="openvino", verbose=False)
            whole = (eight_bits or core.read_model)(graph)
            until_here = openvino.Model([whole.output(0)], whole.get_parameters(), "quarters")
            self._compiled = core.compile_model(until_here, "CPU", SETTINGS)
        self._own = threading.local()

    def __call__(self, pixels: np.ndarray) -> PooledFeatures:
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        image = preprocess(pixels, self.preprocessing)
        maps: np.ndarray = self._own.request.infer([image[None]])[0]
        return PooledFeatures(maps.reshape(4, -1).astype(np.float32))
