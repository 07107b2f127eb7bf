"""The whole network: backbone, pooled taps, head; which part of it is trained; its graph for serving.

The paper's network is one tap (the last feature map) and one hidden layer. A head may also read an earlier
feature map, and may be linear: docs/decisions/0003-generalisation.md has what holds on other hospitals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from diagnosis.findings import CLASS_NAMES, COVID_INDEX
from diagnosis.inference.grad_cam import as_list, head_of, pools_of
from training.network import discriminant
from training.network.resnets import UNIT, Scaling

PIXEL_SCALE = 1 / 255


@dataclass(frozen=True)
class HeadConfig:
    """The head on top of the backbone.

    taps: how far from the end of the backbone each pooled feature map lies, in stages (0: the last one).
    bands: for each tap, into how many horizontal bands the map is averaged apart; 1 is the average of all of it.
    hidden_units: width of the hidden layer, or 0 for a linear head on standardised features.
    outputs: how many classes. multi_label: a sigmoid for each instead of one softmax.
    first_dropout, dropout: before the hidden layer, and after it. norm: whether batch norm follows the hidden layer.
    """

    taps: tuple[int, ...] = (0,)
    bands: tuple[int, ...] = (1,)
    hidden_units: int = 512
    dropout: float = 0.5
    l2: float = 0.001
    first_dropout: float = 0.0
    norm: bool = True
    outputs: int = len(CLASS_NAMES)
    multi_label: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "taps": list(self.taps),
            "bands": list(self.bands),
            "hidden_units": self.hidden_units,
            "dropout": self.dropout,
            "l2": self.l2,
            "first_dropout": self.first_dropout,
            "norm": self.norm,
            **({"outputs": self.outputs} if self.outputs != len(CLASS_NAMES) else {}),
            **({"multi_label": True} if self.multi_label else {}),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "HeadConfig":
        return cls(**{**values, "taps": tuple(values["taps"]), "bands": tuple(values["bands"])})


def build_network(backbone: keras.Model, head: HeadConfig, seed: int = 123, scaling: Scaling = UNIT) -> keras.Model:
    """Image (n, size, size, 3) float32 in [0, 255] -> softmax (n, outputs) in the order of the classes.

    The network scales the pixels itself (scaling: what its backbone expects); nothing before it may.
    """
    image = keras.Input(backbone.input_shape[1:], name="image")
    maps = feature_maps(backbone, head)(scaling.layer()(image))
    pooled = [
        pooling(features.shape[1:], bands, f"pool_{tap}")(features)
        for tap, bands, features in zip(head.taps, head.bands, as_list(maps), strict=True)
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


def pooling(shape: tuple[int, int, int], bands: int, name: str) -> keras.Sequential:
    """Averages of a map (rows, cols, channels): (bands * channels,), the uppermost band's first.

    Neighbouring bands share a seventh of the rows: three bands of a map of 14 rows are 6 rows high and 4 apart.
    """
    rows, cols, _ = shape
    shared = rows / 7
    height = round((rows + (bands - 1) * shared) / bands)
    average = layers.AveragePooling2D((height, cols), strides=(max(round(height - shared), 1), cols))
    return keras.Sequential([keras.Input(shape), average, layers.Flatten()], name=name)


def stage_ends(backbone: keras.Model) -> list[str]:
    """Name of the last layer of each residual stage, in order: ``conv2_block3_out`` ... ``conv5_block3_out``.

    A V2 normalises after the last stage, and that is the map which its weights were trained to be read at.
    """
    ends = {layer.name.split("_")[0]: layer.name for layer in backbone.layers if layer.name.endswith("_out")}
    last = [layer.name for layer in backbone.layers if layer.name == "post_relu"]
    return [*list(ends.values())[:-1], *last] if last else list(ends.values())


def head_layers(head: HeadConfig, seed: int) -> list[layers.Layer]:
    """The layers from pooled features to the softmax, in order."""
    softmax = layers.Dense(
        head.outputs,
        activation="sigmoid" if head.multi_label else "softmax",
        kernel_regularizer=keras.regularizers.L2(head.l2),
        name="head_softmax",
    )
    if not head.hidden_units:
        standardise = layers.BatchNormalization(
            center=False, scale=False, epsilon=discriminant.EPSILON, trainable=False, name="head_standardise"
        )
        return [standardise, softmax]
    first = layers.Dropout(head.first_dropout, seed=seed + 1, name="head_first_dropout")
    return [
        *([first] if head.first_dropout else []),
        layers.Dense(head.hidden_units, activation="relu", name="head_hidden"),
        *([layers.BatchNormalization(name="head_norm")] if head.norm else []),
        layers.Dropout(head.dropout, seed=seed, name="head_dropout"),
        softmax,
    ]


def set_discriminant(network: keras.Model, fitted: discriminant.Discriminant) -> None:
    """Put a fitted discriminant into a linear head: log(COVID) - log(Non-COVID) is then its score."""
    standardise, softmax = head_of(network)
    sign = np.where(np.arange(len(CLASS_NAMES)) == COVID_INDEX, 0.5, -0.5)
    standardise.set_weights([fitted.mean, fitted.variance])
    softmax.set_weights([np.outer(fitted.direction, sign), fitted.intercept * sign])


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
    """A network cut before its trained part; all three share their layers, so training one trains the network.

    frozen: image -> boundary tensors. pooled: boundary tensors -> pooled features. tail: boundary tensors -> softmax.
    """

    frozen: keras.Model
    pooled: keras.Model
    tail: keras.Model


def cut_network(network: keras.Model, unfreeze: int) -> CutNetwork:
    """Cut before the last ``unfreeze`` layers of the backbone (0: at the pooled features).

    The boundary holds a whole feature map where a later layer reads it, and its average where only the head does.
    """
    backbone = network.get_layer("backbone")
    later = backbone.layers[len(backbone.layers) - unfreeze :]
    ends = [output._keras_history.operation.name for output in backbone.outputs]
    pools = dict(zip(ends, pools_of(network), strict=True))
    early_ends = [end for end in ends if end not in {layer.name for layer in later}]
    boundary = _read_by(later, backbone)
    outputs = [backbone.get_layer(name).output for name in boundary]
    outputs += [pools[end](backbone.get_layer(end).output) for end in early_ends]
    image = keras.Input(network.input_shape[1:], name="image")
    frozen = keras.Model(backbone.input, outputs)(network.get_layer("rescaling")(image))

    tensors = {name: keras.Input(backbone.get_layer(name).output.shape[1:]) for name in boundary}
    averages = {end: keras.Input(pools[end].output_shape[1:]) for end in early_ends}
    inputs = [*tensors.values(), *averages.values()]
    for layer in later:
        parents = [tensors[parent] for parent in _parents(layer)]
        tensors[layer.name] = layer(parents if len(parents) > 1 else parents[0])
    pooled = [averages[end] if end in averages else pools[end](tensors[end]) for end in ends]
    features = layers.Concatenate()(pooled) if len(pooled) > 1 else pooled[0]
    answer = features
    for layer in head_of(network):
        answer = layer(answer)
    boundary_inputs = inputs if len(inputs) > 1 else inputs[0]
    return CutNetwork(
        keras.Model(image, as_list(frozen)),
        keras.Model(boundary_inputs, features),
        keras.Model(boundary_inputs, answer),
    )


def head_model(network: keras.Model) -> keras.Model:
    """The head alone: pooled features -> softmax."""
    head = head_of(network)
    features = keras.Input(head[0].input.shape[1:])
    answer = features
    for layer in head:
        answer = layer(answer)
    return keras.Model(features, answer)


def _read_by(later: Sequence[layers.Layer], backbone: keras.Model) -> list[str]:
    """Names of the layers before ``later`` whose output one of them reads, in the backbone's order."""
    inside = {layer.name for layer in later}
    read = {parent for layer in later for parent in _parents(layer)} - inside
    return [layer.name for layer in backbone.layers if layer.name in read]


def _parents(layer: layers.Layer) -> list[str]:
    """Names of the layers whose outputs this layer read when it was first called."""
    return [parent.operation.name for parent in layer._inbound_nodes[0].parent_nodes]
