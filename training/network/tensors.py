"""The tensors of a network by name: their hashes, and the file with the part that training changed.

Keras files differ in bytes on every save, so identity is a hash over tensors, not over files.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from diagnosis.errors import ModelUnavailable


def storage_dtype(tensor: np.ndarray) -> np.dtype:
    """float16 for kernels, which are most of the bytes; float32 for vectors, whose small variances would suffer."""
    return np.dtype(np.float16 if tensor.ndim > 1 else np.float32)


def named_tensors(network: keras.Model) -> dict[str, np.ndarray]:
    """ "layer/variable" -> float32 array, for every weight of the network (seeds of random layers excepted)."""
    return {
        f"{layer.name}/{variable.name}": np.asarray(variable, np.float32)
        for layer in layers_with_weights(network)
        for variable in layer.weights
        if "seed_generator" not in variable.path
    }


def layers_with_weights(network: keras.Model) -> Iterable[keras.layers.Layer]:
    return (layer for layer in flat_layers(network) if layer.weights)


def flat_layers(network: keras.Model) -> Iterable[keras.layers.Layer]:
    """The layers of a network and of the networks within it, none of which is a network."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from flat_layers(layer)
        else:
            yield layer


def tensors_sha256(tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, shapes and little-endian float32 values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(tensors[name], "<f4").tobytes())
    return digest.hexdigest()


def as_stored(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The values as they come back from the file."""
    return {name: tensor.astype(storage_dtype(tensor)).astype(np.float32) for name, tensor in tensors.items()}


def save_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    stored: dict[str, Any] = {name: tensor.astype(storage_dtype(tensor)) for name, tensor in tensors.items()}
    np.savez_compressed(path, **stored)


def load_tensors(path: Path) -> dict[str, np.ndarray]:
    """Raises ModelUnavailable when the file is missing, damaged or holds anything but tensors."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:  # NumPy leaves a damaged file open
            return {name: archive[name].astype(np.float32) for name in archive.files}
    except Exception as error:  # zipfile, zlib, OSError, ValueError: all mean that the file cannot be used
        raise ModelUnavailable(f"{path.name} of model {path.parent.name} is missing or damaged: {error}") from error


def assign_tensors(network: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Put the tensors into the network. Raises ModelUnavailable for a name or shape that does not fit."""
    variables = {
        f"{layer.name}/{variable.name}": variable
        for layer in layers_with_weights(network)
        for variable in layer.weights
    }
    for name, tensor in tensors.items():
        if name not in variables or tuple(variables[name].shape) != tensor.shape:
            raise ModelUnavailable(f"The trained tensor {name} {tensor.shape} does not fit the network.")
        variables[name].assign(tensor)
