"""The whole network: backbone, pooled taps, head; which part of it is trained; its graph for serving.

The paper's network is one tap (the last feature map) and one hidden layer. A head may also read an earlier
feature map, and may be linear: what generalises to other hospitals was measured in docs/decisions/0003-generalisation.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from diagnosis.contract import CLASS_NAMES
from diagnosis.evidence import as_list, head_of

PIXEL_SCALE = 1 / 255


@dataclass(frozen=True)
class HeadConfig:
    """What stands on the backbone.

    taps: how far from the end of the backbone each pooled feature map lies, in stages (0: the last one).
    hidden_units: width of the hidden layer, or 0 for a linear head on standardised features.
    """

    taps: tuple[int, ...] = (0,)
    hidden_units: int = 512
    dropout: float = 0.5
    l2: float = 0.001

    def as_dict(self) -> dict[str, Any]:
        return {
            "taps": list(self.taps),
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "l2": self.l2,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "HeadConfig":
        return cls(**{**values, "taps": tuple(values["taps"])})


def build_network(backbone: keras.Model, head: HeadConfig, seed: int = 123) -> keras.Model:
    """Image (n, size, size, 3) float32 in [0, 255] -> softmax (n, 2) in the order of CLASS_NAMES.

    The network divides by 255 itself; nothing before it may.
    """
    image = keras.Input(backbone.input_shape[1:], name="image")
    maps = feature_maps(backbone, head)(layers.Rescaling(PIXEL_SCALE, name="rescaling")(image))
    pooled = [
        layers.GlobalAveragePooling2D(name=f"pool_{tap}")(features)
        for tap, features in zip(head.taps, as_list(maps), strict=True)
    ]
    features = layers.Concatenate(name="pooled")(pooled) if len(pooled) > 1 else pooled[0]
    for layer in head_layers(head, seed):
        features = layer(features)
    return keras.Model(image, features, name="covidxray")


def feature_maps(backbone: keras.Model, head: HeadConfig) -> keras.Model:
    """The backbone with one output per tap; kept as one layer so that its names stay Keras's own."""
    ends = stage_ends(backbone)
    outputs = [backbone.get_layer(ends[-1 - tap]).output for tap in head.taps]
    return keras.Model(backbone.input, outputs if len(outputs) > 1 else outputs[0], name="backbone")


def stage_ends(backbone: keras.Model) -> list[str]:
    """Name of the last layer of each residual stage, in order: ``conv2_block3_out`` ... ``conv5_block3_out``."""
    ends = {layer.name.split("_")[0]: layer.name for layer in backbone.layers if layer.name.endswith("_out")}
    return list(ends.values())


def head_layers(head: HeadConfig, seed: int) -> list[layers.Layer]:
    """The layers from pooled features to the softmax, in order."""
    softmax = layers.Dense(
        len(CLASS_NAMES),
        activation="softmax",
        kernel_regularizer=keras.regularizers.L2(head.l2),
        name="head_softmax",
    )
    if not head.hidden_units:
        return [layers.BatchNormalization(center=False, scale=False, name="head_standardise"), softmax]
    return [
        layers.Dense(head.hidden_units, activation="relu", name="head_hidden"),
        layers.BatchNormalization(name="head_norm"),
        layers.Dropout(head.dropout, seed=seed, name="head_dropout"),
        softmax,
    ]


def set_trainable(network: keras.Model, unfreeze: int, train_batch_norm: bool = True) -> None:
    """Train the head and the last ``unfreeze`` layers of the backbone; the rest stays as it is.

    A frozen batch norm runs on its stored statistics; re-estimating them on X-rays costs accuracy.
    """
    backbone = network.get_layer("backbone")
    first = len(backbone.layers) - unfreeze
    backbone.trainable = True
    for index, layer in enumerate(backbone.layers):
        is_norm = isinstance(layer, layers.BatchNormalization)
        layer.trainable = index >= first and (train_batch_norm or not is_norm)


@dataclass(frozen=True)
class CutNetwork:
    """A network cut in two: ``frozen`` (image -> boundary tensors) and ``tail`` (boundary tensors -> softmax).

    ``tail`` shares its layers with the whole network, so training it trains the whole network.
    """

    frozen: keras.Model
    tail: keras.Model


def cut_network(network: keras.Model, head: HeadConfig, unfreeze: int) -> CutNetwork:
    """Cut before the last ``unfreeze`` layers of the backbone (0: before the head, at the pooled features).

    Whatever the tail needs of the frozen part is pooled where only its average is used (a tap that lies
    wholly in the frozen part), and is a whole feature map otherwise.
    """
    backbone = network.get_layer("backbone")
    frozen_names = {layer.name for layer in backbone.layers[: len(backbone.layers) - unfreeze]}
    ends = stage_ends_of_taps(backbone, head)
    boundary = _boundary_names(backbone, frozen_names, ends)
    maps = [backbone.get_layer(name).output for name in boundary]
    pooled = [layers.GlobalAveragePooling2D()(backbone.get_layer(end).output) for end in ends if end in frozen_names]
    image = keras.Input(network.input_shape[1:], name="image")
    inside = keras.Model(backbone.input, [*maps, *pooled])
    frozen = keras.Model(image, as_list(inside(network.get_layer("rescaling")(image))))
    return CutNetwork(frozen, _tail(network, backbone, boundary, ends, frozen_names))


def stage_ends_of_taps(backbone: keras.Model, head: HeadConfig) -> list[str]:
    return [stage_ends(backbone)[-1 - tap] for tap in head.taps]


def _boundary_names(backbone: keras.Model, frozen_names: set[str], ends: Sequence[str]) -> list[str]:
    """Frozen layers whose feature map a trained layer reads, in order."""
    needed = {
        parent.name
        for layer in backbone.layers
        if layer.name not in frozen_names
        for parent in parents_of(layer)
        if parent.name in frozen_names
    }
    return [layer.name for layer in backbone.layers if layer.name in needed]


def parents_of(layer: layers.Layer) -> list[layers.Layer]:
    return [parent.operation for node in layer._inbound_nodes for parent in node.parent_nodes]


def _tail(
    network: keras.Model, backbone: keras.Model, boundary: Sequence[str], ends: Sequence[str], frozen_names: set[str]
) -> keras.Model:
    map_inputs = {name: keras.Input(backbone.get_layer(name).output.shape[1:], name=name) for name in boundary}
    tensors: dict[str, Any] = dict(map_inputs)
    for layer in backbone.layers:
        if layer.name not in frozen_names:
            inputs = [tensors[parent.name] for parent in parents_of(layer)]
            tensors[layer.name] = layer(inputs if len(inputs) > 1 else inputs[0])
    pooled, pooled_inputs = [], []
    for end in ends:
        if end in frozen_names:
            pooled_inputs.append(keras.Input((backbone.get_layer(end).output.shape[-1],), name=f"pooled_{end}"))
            pooled.append(pooled_inputs[-1])
        else:
            pooled.append(layers.GlobalAveragePooling2D()(tensors[end]))
    features = layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    for layer in head_of(network):
        features = layer(features)
    return keras.Model([*map_inputs.values(), *pooled_inputs], features)
