"""The serving graph of a network with two views: answer, evidence, opacity map and features, in one pass.

This module imports Keras; the running site does not load it.
"""

import keras
from keras import layers, ops

from diagnosis.inference.grad_cam import as_list, evidence_of, head_of, pools_of, score_gradient, serving_model
from diagnosis.inference.views import VIEWS

OUTPUTS = ("probabilities", "evidence", "opacity", "quarters")


def serving_graph_of(network: keras.Model) -> keras.Model:
    """What is served of a network with one view or two."""
    return two_view_serving_model(network) if len(network.input_shape) == 5 else serving_model(network)


def two_view_serving_model(network: keras.Model) -> keras.Model:
    """Views (n, 2, size, size, 3) -> the tensors of OUTPUTS, in that order.

    probabilities (n, 2): softmax in the order of CLASS_NAMES. evidence (n, 2, rows, cols) >= 0: Grad-CAM of the COVID
    score on each view, in logits. opacity (n, rows, cols) 0..1: of each cell of the lungs' view, before calibration.
    quarters (n, 2, 2, channels): averages of the first map over the quarters of the whole picture, for the gate.
    """
    views = keras.Input(network.input_shape[1:], name="views")
    images = ops.reshape(views, (-1, *network.input_shape[2:]))
    maps = as_list(network.get_layer("backbone")(network.get_layer("rescaling")(images)))
    pools = pools_of(network)
    pooled = [pool(features) for pool, features in zip(pools, maps, strict=True)]
    features = layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    activations = [ops.reshape(features, (-1, len(VIEWS) * features.shape[-1]))]
    for layer in head_of(network):
        activations.append(layer(activations[-1]))
    gradient = score_gradient(head_of(network), activations) + ops.zeros_like(activations[0])
    evidence = evidence_of(maps, pools, ops.reshape(gradient, (-1, features.shape[-1])))
    whole = ops.reshape(maps[0], (-1, len(VIEWS), *maps[0].shape[1:]))[:, VIEWS.index("whole")]
    return keras.Model(
        views,
        [
            activations[-1],
            ops.reshape(evidence, (-1, len(VIEWS), *evidence.shape[1:])),
            ops.sigmoid(_opacity(network, maps)),
            ops.average_pool(whole, [side // 2 for side in whole.shape[1:3]]),
        ],
        name="covidxray_serving",
    )


def _opacity(network: keras.Model, maps: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Opacity logits (n, rows, cols) of the lungs' view. The layer is linear: each map is reduced before it grows."""
    layer = network.get_layer("opacity")
    rows, cols = max((features.shape[1], features.shape[2]) for features in maps)
    total, start = layer.bias[0], 0
    for features in maps:
        stop = start + features.shape[-1]
        part = ops.matmul(features, layer.kernel[start:stop])
        total = total + ops.image.resize(part, (rows, cols), interpolation="bilinear")
        start = stop
    return ops.reshape(total, (-1, len(VIEWS), rows, cols))[:, VIEWS.index("lungs")]
