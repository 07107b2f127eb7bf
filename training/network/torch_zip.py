"""Read tensors from a PyTorch ``.pt`` zip file without PyTorch and without trusting its pickle.

The format is a zip archive: ``<root>/data.pkl`` describes the tensors, ``<root>/data/<key>`` holds each
storage as raw bytes (https://pytorch.org/docs/stable/notes/serialization.html). Unpickling can run any code,
so only the four names a plain state dict needs are allowed and everything else is refused.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


class UnsafeCheckpoint(ValueError):
    """The checkpoint asks for a class or function that a state dict does not need."""


@dataclass(frozen=True)
class StorageKind:
    """How the bytes of one torch storage class become numbers."""

    stored_as: np.dtype[Any]
    is_bfloat16: bool = False

    def decode(self, raw: bytes) -> np.ndarray:
        values = np.frombuffer(raw, self.stored_as)
        if self.is_bfloat16:  # bfloat16 is the upper half of a float32
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values


STORAGE_KINDS = {
    "BFloat16Storage": StorageKind(np.dtype("<u2"), is_bfloat16=True),
    "FloatStorage": StorageKind(np.dtype("<f4")),
    "LongStorage": StorageKind(np.dtype("<i8")),
}


def _rebuild_tensor(
    storage: np.ndarray, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> np.ndarray:
    """Stand-in for ``torch._utils._rebuild_tensor_v2``, with its bounds checked."""
    needed = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True)) + 1
    if offset < 0 or min(shape, default=1) < 1 or min(stride, default=1) < 0 or needed > storage.size:
        raise UnsafeCheckpoint(f"a tensor of shape {shape} does not fit its storage of {storage.size} values")
    strides = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, strides, writeable=False)


class _StateDictUnpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, read_storage: Callable[[str], bytes]) -> None:
        super().__init__(io.BytesIO(pickled))
        self.read_storage = read_storage

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in STORAGE_KINDS:
            return STORAGE_KINDS[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise UnsafeCheckpoint(f"the checkpoint asks for {module}.{name}, which a state dict does not need")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, kind, key, *_ = pid
        return kind.decode(self.read_storage(str(key)))


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Tensor name -> array (float32 or int64, read-only) of the file's ``state_dict``, or of a file that is one.

    Raises UnsafeCheckpoint when there is no state dict or its pickle needs anything but tensors, and
    zipfile.BadZipFile when it is no zip.
    """
    with zipfile.ZipFile(path) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("data.pkl")]
        if not pickles:
            raise UnsafeCheckpoint(f"{path.name} holds no state dict")
        root = pickles[0].removesuffix("data.pkl")
        pickled = archive.read(pickles[0])
        content = _StateDictUnpickler(pickled, lambda key: archive.read(f"{root}data/{key}")).load()
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not state or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise UnsafeCheckpoint(f"{path.name} holds no state dict")
    return dict(state)
