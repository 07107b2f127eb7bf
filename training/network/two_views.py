"""The network that reads two views of a radiograph, whole picture and lungs, and maps where opacities are.

Both views pass through the same backbone as one batch. On their feature maps a linear layer says how opaque each place
is, and what the head reads of a view is weighted by that (diagnosis/inference/two_view_graph.py). The head is linear on
the features of both views, so its score is the sum of a score for each.
"""

import keras
import numpy as np
from keras import layers, ops

from diagnosis.inference.grad_cam import as_list
from diagnosis.inference.two_view_graph import OPACITY, by_view, features_of_view, flat_views, opacity_of
from diagnosis.inference.views import VIEWS
from training.network.architecture import PIXEL_SCALE, HeadConfig, feature_maps, head_layers, set_discriminant
from training.network.discriminant import Discriminant
from training.network.opacity import OpacityLayer


def build_two_view_network(backbone: keras.Model, head: HeadConfig, seed: int = 123) -> keras.Model:
    """Views (n, 2, size, size, 3) float32 in [0, 255] -> softmax (n, 2) and opacity logits (n, rows, cols).

    The logits are of the lungs' view; rows and columns are those of the finest map that the head reads, the first one.
    Raises ValueError for a head that averages in bands.
    """
    if set(head.bands) != {1}:
        raise ValueError("A network of two views averages its maps as a whole, not in bands.")
    views = keras.Input((len(VIEWS), *backbone.input_shape[1:]), name="views")
    images = layers.Rescaling(PIXEL_SCALE, name="rescaling")(flat_views(views))
    maps = as_list(feature_maps(backbone, head)(images))
    opacity = layers.Dense(1, name=OPACITY)(joined_maps(maps))[..., 0]
    answer = layers.Flatten(name="pooled")(by_view(features_of_view(maps, opacity)))
    for layer in head_layers(head, seed):
        answer = layer(answer)
    return keras.Model(views, [answer, by_view(opacity)[:, VIEWS.index("lungs")]], name="covidxray")


def joined_maps(maps: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Maps of a few resolutions -> one (views, rows, cols, all channels), the coarser ones enlarged bilinearly."""
    rows, cols = max((features.shape[1], features.shape[2]) for features in maps)
    even = [
        features if features.shape[1] == rows else ops.image.resize(features, (rows, cols), interpolation="bilinear")
        for features in maps
    ]
    return layers.Concatenate()(even) if len(even) > 1 else even[0]


def joined(whole: Discriminant, lungs: Discriminant) -> Discriminant:
    """One discriminant on the features of both views, one after the other; its score is the sum of both scores."""
    return Discriminant(
        np.concatenate([whole.mean, lungs.mean]),
        np.concatenate([whole.variance, lungs.variance]),
        np.concatenate([whole.direction, lungs.direction]),
        whole.intercept + lungs.intercept,
    )


def set_two_view_head(network: keras.Model, whole: Discriminant, lungs: Discriminant) -> None:
    """log(COVID) - log(Non-COVID) of the network is then the sum of both scores."""
    set_discriminant(network, joined(whole, lungs))


def set_opacity(network: keras.Model, fitted: OpacityLayer) -> None:
    kernel, bias = fitted.folded()
    network.get_layer(OPACITY).set_weights([kernel[:, None], np.array([bias], np.float32)])


def frozen_maps(backbone: keras.Model, head: HeadConfig) -> keras.Model:
    """One view (n, size, size, 3) -> the map of each tap of the head: what the opacity layer is trained on."""
    image = keras.Input(backbone.input_shape[1:], name="image")
    return keras.Model(image, as_list(feature_maps(backbone, head)(layers.Rescaling(PIXEL_SCALE)(image))))


def frozen_features(backbone: keras.Model, head: HeadConfig, opacity: OpacityLayer) -> keras.Model:
    """One view (n, size, size, 3) -> what the head reads of it, (n, channels + 1). Kept on disk for each view."""
    maps = frozen_maps(backbone, head)
    kernel, bias = opacity.folded()
    logits = opacity_of(maps.outputs, kernel[:, None], np.array([bias], np.float32))
    return keras.Model(maps.inputs[0], features_of_view(maps.outputs, logits))
