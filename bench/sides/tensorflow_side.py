"""The Keras model on TensorFlow, as people run it."""

from functools import cache
from typing import Any

import numpy as np

from bench.sides.clock import gigaflops, matrices, per_call


@cache
def _network(folder: str) -> Any:
    import keras

    return keras.models.load_model(f"{folder}/model.keras", compile=False, safe_mode=True)


@cache
def _function(folder: str) -> Any:
    import tensorflow as tf

    network = _network(folder)
    return tf.function(lambda images: network(images, training=False), reduce_retracing=True)


def milliseconds(contender: str, batch: int, calls: int, folder: str) -> float:
    """Per radiograph: "predict" is `model.predict`, "tf_function" the model called in a `tf.function`."""
    shape = (batch, *_network(folder).input_shape[1:])
    images = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    if contender == "predict":
        return per_call(lambda: _network(folder).predict(images, verbose=0), calls) * 1000 / batch
    return per_call(lambda: _first(_function(folder)(images)), calls) * 1000 / batch


def _first(answers: Any) -> np.ndarray:
    """The probabilities; a network with two views gives opacities, too."""
    return np.asarray(answers[0] if isinstance(answers, list | tuple) else answers)


def matrix_rate() -> float:
    """GFLOP/s of a float32 matrix product by TensorFlow."""
    import tensorflow as tf

    one, other = (tf.constant(matrix) for matrix in matrices())
    return gigaflops(per_call(lambda: tf.matmul(one, other).numpy(), 1))


CALLS = {"milliseconds": milliseconds, "matrix_rate": matrix_rate}
