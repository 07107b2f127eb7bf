"""Which ResNets a backbone can be: ResNet-18, 50, 50 V2, 101, 152; their layers, and how pixels must reach each.

A network that was trained on ImageNet expects the pixels it was trained with. Keras's own are three forms: 0..255 less
a mean (caffe), -1..1 (tf), or standardised per channel (torch); the paper's ResNet-152 gets 0..1. The form is a layer
of the network (`Scaling`), so training and serving cannot differ, and nothing before the network scales a second time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import keras
from keras import layers

DEFAULT = "resnet152"
"""The paper's, and the only one that is shipped."""
EPSILON = 1e-5
"""Of batch norm in ResNet-18, as torchvision has it: the only ImageNet weights of a ResNet-18 come from there."""

Channels = float | tuple[float, float, float]


@dataclass(frozen=True)
class Scaling:
    """Pixels 0..255 -> pixels * scale + offset, one number for all channels or one for each."""

    scale: Channels = 1 / 255
    offset: Channels = 0.0

    def layer(self) -> layers.Rescaling:
        return layers.Rescaling(_plain(self.scale), _plain(self.offset), name="rescaling")

    def as_dict(self) -> dict[str, Any]:
        """As a card has it."""
        return {"scale": _plain(self.scale), "offset": _plain(self.offset)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for anything but numbers."""
        return cls(_channels(values["scale"]), _channels(values["offset"]))


UNIT = Scaling()
"""0..1: the paper's Rescaling(1/255), which the Astra weights expect, too."""
CENTRED = Scaling(1.0, (-103.939, -116.779, -123.68))
"""0..255 less ImageNet's means, of blue, green and red in this order ("caffe")."""
SYMMETRIC = Scaling(1 / 127.5, -1.0)
"""-1..1 ("tf")."""
_MEANS, _DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
STANDARDISED = Scaling(
    tuple(1 / (255 * deviation) for deviation in _DEVIATIONS),  # type: ignore[arg-type]
    tuple(-mean / deviation for mean, deviation in zip(_MEANS, _DEVIATIONS, strict=True)),  # type: ignore[arg-type]
)
"""By ImageNet's means and deviations of red, green and blue ("torch"): what every torchvision file expects."""


def _plain(values: Channels) -> float | list[float]:
    return values if isinstance(values, float) else list(values)


def _channels(values: Any) -> Channels:
    if not isinstance(values, list):
        return float(values)
    first, second, third = map(float, values)
    return first, second, third


@dataclass(frozen=True)
class ResNet:
    """One architecture.

    title: as a card names it. build: size and "imagenet" or None -> the network without its top. scaling: of its
    ImageNet weights in Keras. gflop: of one picture of 224 x 224. bottleneck: blocks of three convolutions, whose
    stride torchvision has in another place. imagenet, torchvision: whether such weights exist.
    """

    title: str
    build: Callable[[int, str | None], keras.Model] = field(repr=False)
    scaling: Scaling
    gflop: float
    bottleneck: bool = True
    imagenet: bool = True
    torchvision: bool = True


def resnet18(size: int, weights: str | None = None, width: int = 64) -> keras.Model:
    """ResNet-18 (He et al. 2016) with the layer names of keras.applications, which has none; weights must be None.

    Padding is torchvision's, so its weights give its features. width: filters of the first stage, less in tests.
    """
    image = keras.Input((size, size, 3))
    x = layers.ZeroPadding2D(3, name="conv1_pad")(image)
    x = layers.Conv2D(width, 7, 2, use_bias=False, name="conv1_conv")(x)
    x = layers.ReLU(name="conv1_relu")(layers.BatchNormalization(epsilon=EPSILON, name="conv1_bn")(x))
    x = layers.MaxPooling2D(3, 2, name="pool1_pool")(layers.ZeroPadding2D(1, name="pool1_pad")(x))
    for stage in (2, 3, 4, 5):
        filters = width * 2 ** (stage - 2)
        x = basic_block(x, filters, 1 if stage == 2 else 2, f"conv{stage}_block1")
        x = basic_block(x, filters, 1, f"conv{stage}_block2")
    return keras.Model(image, x, name="resnet18")


def basic_block(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    """Two 3x3 convolutions and a shortcut, which is a convolution where the shape changes."""
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        shortcut = _convolution(x, filters, 1, stride, f"{name}_0")
    y = layers.ZeroPadding2D(1, name=f"{name}_1_pad")(x)
    y = layers.ReLU(name=f"{name}_1_relu")(_convolution(y, filters, 3, stride, f"{name}_1"))
    y = _convolution(layers.ZeroPadding2D(1, name=f"{name}_2_pad")(y), filters, 3, 1, f"{name}_2")
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, y]))


def _convolution(x: keras.KerasTensor, filters: int, width: int, stride: int, name: str) -> keras.KerasTensor:
    y = layers.Conv2D(filters, width, stride, use_bias=False, name=f"{name}_conv")(x)
    return layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(y)


def _of_keras(name: str) -> Callable[[int, str | None], keras.Model]:
    def build(size: int, weights: str | None) -> keras.Model:
        application = getattr(keras.applications, name)
        return application(include_top=False, weights=weights, input_shape=(size, size, 3))

    return build


RESNETS = {
    "resnet18": ResNet("ResNet-18", resnet18, STANDARDISED, 3.6, bottleneck=False, imagenet=False),
    "resnet50": ResNet("ResNet-50", _of_keras("ResNet50"), CENTRED, 7.7),
    "resnet50v2": ResNet("ResNet-50 V2", _of_keras("ResNet50V2"), SYMMETRIC, 7.0, torchvision=False),
    "resnet101": ResNet("ResNet-101", _of_keras("ResNet101"), CENTRED, 15.2),
    DEFAULT: ResNet("ResNet-152", _of_keras("ResNet152"), UNIT, 23.1),
}


def named(title: str) -> str:
    """The name, as --backbone takes it, of an architecture that a card names. Raises KeyError."""
    return {resnet.title: name for name, resnet in RESNETS.items()}[title]
