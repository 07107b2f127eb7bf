"""The network that is served: probabilities and, from the same pass, the Grad-CAM heat map of evidence for COVID.

This module imports Keras. On the serving path only the Keras engine does, and only when it is asked for.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from diagnosis.findings import CLASS_NAMES, COVID_INDEX


def serving_model(network: keras.Model) -> keras.Model:
    """The network with a second output: image -> (softmax (n, classes), evidence map (n, rows, cols) >= 0).

    The evidence map is Grad-CAM (Selvaraju et al. 2017) for the score log(COVID) - log(Non-COVID); with more classes
    than two, for the log-odds of the leading one. The head sees only averages, so the gradient is the same all over a
    band and has a closed form: no backward pass.
    """
    backbone = network.get_layer("backbone")
    image = keras.Input(network.input_shape[1:], name="image")
    maps = as_list(backbone(network.get_layer("rescaling")(image)))
    pooled = [pool(features) for pool, features in zip(pools_of(network), maps, strict=True)]
    features = layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    activations = [features]
    for layer in head_of(network):
        activations.append(layer(activations[-1]))
    gradient = score_gradient(head_of(network), activations)
    evidence = evidence_of(maps, pools_of(network), gradient)
    return keras.Model(image, [activations[-1], evidence], name="covidxray_serving")


def score_gradient(head: Sequence[layers.Layer], activations: Sequence[Any]) -> Any:
    """Gradient of the COVID score with respect to the pooled features, (n or 1, features), by the chain rule.

    activations: the pooled features, then the output of each layer of the head.
    """
    gradient = _gradient_of_log_odds(head[-1], activations[-1])
    for layer, output in reversed(list(zip(head[:-1], activations[1:-1], strict=True))):
        if isinstance(layer, layers.BatchNormalization):
            gradient = gradient * norm_scale(layer)[None]
        elif isinstance(layer, layers.Dense):  # ReLU
            gradient = ops.matmul(ops.where(output > 0, gradient, 0.0), ops.transpose(layer.kernel))
    return gradient


def _gradient_of_log_odds(last: layers.Dense, probabilities: Any) -> Any:
    """Of the leading class, with respect to what the last layer reads, (n or 1, features).

    Of softmax outputs the others weigh as they share what the leading one leaves; one other weighs 1.
    """
    kernel = last.kernel
    if last.activation is keras.activations.sigmoid:
        return kernel[:, COVID_INDEX][None]
    if kernel.shape[1] == len(CLASS_NAMES):
        return kernel[:, COVID_INDEX][None] - kernel[:, 1 - COVID_INDEX][None]
    others = probabilities[:, 1:]
    shares = others / ops.maximum(ops.sum(others, axis=1, keepdims=True), 1e-30)
    return kernel[:, COVID_INDEX][None] - ops.matmul(shares, ops.transpose(kernel[:, 1:]))


def norm_scale(layer: layers.BatchNormalization) -> np.ndarray:
    """What a batch norm multiplies by when it runs on its stored statistics."""
    gamma = np.asarray(layer.gamma) if layer.scale else 1.0
    return gamma / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)


def evidence_of(maps: Sequence[Any], pools: Sequence[keras.Sequential], gradient: Any) -> Any:
    """Positive part of the gradient-weighted sum of all feature maps, at the finest map's resolution."""
    rows, cols = max((features.shape[1], features.shape[2]) for features in maps)
    evidence: Any = 0.0
    start = 0
    for features, pool in zip(maps, pools, strict=True):
        stop = start + pool.output_shape[-1]
        weight = _gradient_per_row(pool, gradient[:, start:stop])
        cam = ops.sum(features * weight[:, :, None, :], axis=-1, keepdims=True)
        cells = features.shape[1] * features.shape[2] / (rows * cols)
        evidence = evidence + cells * ops.image.resize(cam, (rows, cols), interpolation="bilinear")
        start = stop
    return ops.relu(evidence[..., 0])


def _gradient_per_row(pool: keras.Sequential, gradient: Any) -> Any:
    """Gradient with respect to the averages, (n, bands * channels) -> to each place of a row, (n, rows, channels)."""
    average = pool.layers[0]
    rows, _, channels = pool.input_shape[1:]
    height, cols = average.pool_size
    bands = pool.output_shape[-1] // channels
    tops = np.arange(bands)[:, None] * average.strides[0]
    inside = (np.arange(rows) >= tops) & (np.arange(rows) < tops + height)
    per_place = ops.reshape(gradient, (-1, bands, channels)) / (height * cols)
    return ops.einsum("br,nbc->nrc", inside.astype(np.float32), per_place)


def pools_of(network: keras.Model) -> list[keras.Sequential]:
    """The layers that average the feature maps, one for each map, in order."""
    return [layer for layer in network.layers if layer.name.startswith("pool_")]


def head_of(network: keras.Model) -> list[layers.Layer]:
    """The head's layers, from the pooled features to the softmax."""
    return [layer for layer in network.layers if layer.name.startswith("head_")]


def as_list(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]
