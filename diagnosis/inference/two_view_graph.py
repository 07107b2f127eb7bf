"""The serving graph of a network with two views: answer, evidence, opacity map and features, in one pass.

What the head reads of a view is the average of its feature maps, places where opacities are seen counting more, and how
opaque the view is altogether. So the answer hangs on what the opacities look like and less on the rest of the picture.

This module imports Keras; the running site does not load it.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from diagnosis.inference.grad_cam import as_list, head_of, score_gradient, serving_model
from diagnosis.inference.views import VIEWS

OPACITY = "opacity"
"""Name of the layer that says how opaque each place is."""
OUTPUTS = ("probabilities", "evidence", "opacity", "quarters", "features", "lung_quarters")


def serving_graph_of(network: keras.Model) -> keras.Model:
    """What is served of a network with one view or two."""
    return two_view_serving_model(network) if len(network.input_shape) == 5 else serving_model(network)


def two_view_serving_model(network: keras.Model) -> keras.Model:
    """Views (n, 2, size, size, 3) -> the tensors of OUTPUTS, in that order.

    probabilities (n, 2): softmax in the order of CLASS_NAMES. evidence (n, 2, rows, cols) >= 0: what each place of each
    view adds to the COVID score, in logits. opacity (n, rows, cols) 0..1: of each cell of the lungs' view, before
    calibration. quarters (n, 2, 2, channels): averages of the first map over the quarters of the whole picture, for the
    gate. For further heads: features (n, 2, channels + 1), what the head reads of each view, and lung_quarters, as
    quarters, of the lungs' view.
    """
    views = keras.Input(network.input_shape[1:], name="views")
    maps = as_list(network.get_layer("backbone")(network.get_layer("rescaling")(flat_views(views))))
    layer = network.get_layer(OPACITY)
    opacity = opacity_of(maps, layer.kernel, layer.bias)
    features = by_view(features_of_view(maps, opacity))
    activations = [layers.Flatten()(features)]
    for part in head_of(network):
        activations.append(part(activations[-1]))
    gradient = score_gradient(head_of(network), activations) + ops.zeros_like(activations[0])
    evidence = _evidence(maps, opacity, ops.reshape(gradient, (-1, activations[0].shape[-1] // len(VIEWS))))
    finest = by_view(maps[0])
    half = [side // 2 for side in maps[0].shape[1:3]]
    return keras.Model(
        views,
        [
            activations[-1],
            by_view(evidence),
            ops.sigmoid(by_view(opacity)[:, VIEWS.index("lungs")]),
            ops.average_pool(finest[:, VIEWS.index("whole")], half),
            features,
            ops.average_pool(finest[:, VIEWS.index("lungs")], half),
        ],
        name="covidxray_serving",
    )


def opacity_of(maps: Sequence[Any], kernel: Any, bias: Any) -> Any:
    """Opacity logits (n, rows, cols) at the finest map's resolution. Linear: each map is reduced before it grows.

    kernel: (channels of all maps, 1). bias: (1,).
    """
    rows = max(features.shape[1] for features in maps)
    total, start = 0.0, 0
    for features in maps:
        stop = start + features.shape[-1]
        total = total + _enlarged(ops.matmul(features, kernel[start:stop])[..., 0], rows)
        start = stop
    return total + bias[0]


def features_of_view(maps: Sequence[Any], opacity: Any) -> Any:
    """Maps (n, rows, cols, channels) each, opacity logits (n, rows, cols) -> what the head reads, (n, channels + 1).

    Averages of the maps, weighted by the probability of an opacity, as attention pools (Ilse et al., ICML 2018), but
    with a weight that was trained on readers' boxes; and the mean of the logits.
    """
    shares = _shares(opacity)
    averages = [_weighted_average(features, shares) for features in maps]
    return layers.Concatenate()([*averages, ops.mean(opacity, axis=(1, 2))[:, None]])


def flat_views(tensor: Any) -> Any:
    """(n, 2, ...) -> (2 n, ...)"""
    return ops.reshape(tensor, (-1, *tensor.shape[2:]))


def by_view(tensor: Any) -> Any:
    """(2 n, ...) -> (n, 2, ...)"""
    return ops.reshape(tensor, (-1, len(VIEWS), *tensor.shape[1:]))


def resize_matrix(coarse: int, fine: int) -> np.ndarray:
    """(fine, coarse) float32: bilinear weights of each coarse cell in each fine one; cell centres, edges repeated."""
    place = np.clip((np.arange(fine) + 0.5) * coarse / fine - 0.5, 0, coarse - 1)
    low = np.minimum(place.astype(int), max(coarse - 2, 0))
    matrix = np.zeros((fine, coarse), np.float32)
    matrix[np.arange(fine), low] = 1 - (place - low)
    if coarse > 1:
        matrix[np.arange(fine), low + 1] = place - low
    return matrix


def _evidence(maps: Sequence[Any], opacity: Any, gradient: Any) -> Any:
    """(n, rows, cols): the positive part of each place's share of the score; its weight is taken as given.

    gradient: (n, channels + 1), of the score with respect to what the head reads of a view.
    """
    rows, cols = opacity.shape[1:]
    seen, start = 0.0, 0
    for features in maps:
        stop = start + features.shape[-1]
        seen = seen + _enlarged(ops.einsum("nijc,nc->nij", features, gradient[:, start:stop]), rows)
        start = stop
    return ops.relu(seen * _shares(opacity) + opacity * gradient[:, start:, None] / (rows * cols))


def _weighted_average(features: Any, shares: Any) -> Any:
    """(n, channels). The weights of fine places are handed down to the coarse ones that they are made of."""
    matrix = resize_matrix(features.shape[1], shares.shape[1])
    if len(matrix) != features.shape[1]:
        shares = ops.matmul(ops.matmul(matrix.T, shares), matrix)
    cells = features.shape[1] * features.shape[2]
    weights = ops.reshape(shares, (-1, 1, cells))
    return ops.matmul(weights, ops.reshape(features, (-1, cells, features.shape[-1])))[:, 0]


def _enlarged(coarse: Any, rows: int) -> Any:
    """(n, side, side) -> (n, rows, rows), bilinear."""
    if coarse.shape[1] == rows:
        return coarse
    matrix = resize_matrix(coarse.shape[1], rows)
    return ops.matmul(ops.matmul(matrix, coarse), matrix.T)


def _shares(opacity: Any) -> Any:
    """Opacity logits (n, rows, cols) -> the weight of each place; those of a view sum up to 1."""
    weight = ops.sigmoid(opacity)
    return weight / ops.sum(weight, axis=(1, 2), keepdims=True)
