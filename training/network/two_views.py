"""The network that reads two views of a radiograph, whole picture and lungs, and maps where opacities are.

Both views pass through the same backbone as one batch. The head is linear on the features of both, so its score is the
sum of a score for each view. The opacity layer is linear on the feature maps of the lungs' view.
"""

import keras
import numpy as np
from keras import layers, ops

from diagnosis.inference.grad_cam import as_list
from diagnosis.inference.views import VIEWS
from training.network.architecture import (
    PIXEL_SCALE,
    HeadConfig,
    feature_maps,
    head_layers,
    pooling,
    set_discriminant,
)
from training.network.discriminant import Discriminant
from training.network.opacity import OpacityLayer

OPACITY = "opacity"
LUNGS = VIEWS.index("lungs")


def build_two_view_network(backbone: keras.Model, head: HeadConfig, seed: int = 123) -> keras.Model:
    """Views (n, 2, size, size, 3) float32 in [0, 255] -> softmax (n, 2) and opacity logits (n, rows, cols).

    Rows and columns are those of the finest map that the head reads.
    """
    views = keras.Input((len(VIEWS), *backbone.input_shape[1:]), name="views")
    images = ops.reshape(views, (-1, *backbone.input_shape[1:]))
    maps = as_list(feature_maps(backbone, head)(layers.Rescaling(PIXEL_SCALE, name="rescaling")(images)))
    pooled = [
        pooling(features.shape[1:], bands, f"pool_{tap}")(features)
        for tap, bands, features in zip(head.taps, head.bands, maps, strict=True)
    ]
    features = layers.Concatenate(name="pooled")(pooled) if len(pooled) > 1 else pooled[0]
    answer = ops.reshape(features, (-1, len(VIEWS) * features.shape[-1]))
    for layer in head_layers(head, seed):
        answer = layer(answer)
    opacity = layers.Dense(1, name=OPACITY)(of_lungs(joined_maps(maps)))
    return keras.Model(views, [answer, opacity[..., 0]], name="covidxray")


def joined_maps(maps: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Maps of a few resolutions -> one (views, rows, cols, all channels), the coarser ones enlarged bilinearly."""
    rows, cols = max((features.shape[1], features.shape[2]) for features in maps)
    even = [
        features if features.shape[1] == rows else ops.image.resize(features, (rows, cols), interpolation="bilinear")
        for features in maps
    ]
    return layers.Concatenate()(even) if len(even) > 1 else even[0]


def of_lungs(maps: keras.KerasTensor) -> keras.KerasTensor:
    """(2 n, ...) of both views -> (n, ...) of the lungs' view."""
    return ops.reshape(maps, (-1, len(VIEWS), *maps.shape[1:]))[:, LUNGS]


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


def frozen_features(backbone: keras.Model, head: HeadConfig) -> keras.Model:
    """One view (n, size, size, 3) -> what the head reads of it, (n, features), and the map of each of its taps.

    Run once for each view and kept on disk; the maps only where the opacity layer is trained or judged.
    """
    image = keras.Input(backbone.input_shape[1:], name="image")
    maps = as_list(feature_maps(backbone, head)(layers.Rescaling(PIXEL_SCALE)(image)))
    pooled = [
        pooling(features.shape[1:], bands, f"pool_{tap}")(features)
        for tap, bands, features in zip(head.taps, head.bands, maps, strict=True)
    ]
    features = layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    return keras.Model(image, [features, *maps])
