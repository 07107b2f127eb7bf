"""Checkpoints as PyTorch writes them, made without PyTorch."""

import pickle
import sys
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Storage:
    """What torch calls a storage: raw values of one kind, kept next to the pickle."""

    kind: str
    key: str
    raw: bytes


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; it pickles as a torch tensor does. Offset, shape and stride count values, not bytes."""

    storage: Storage
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, (self.storage, self.offset, self.shape, self.stride, False, OrderedDict())


def _rebuild_tensor_v2(*arguments: Any) -> None:
    """Only its name is pickled."""


_rebuild_tensor_v2.__module__ = "torch._utils"


def tensor_of(values: np.ndarray, key: str) -> Tensor:
    """A contiguous tensor, float32 or int64, with a storage of its own."""
    kind = {"float32": "FloatStorage", "int64": "LongStorage"}[values.dtype.name]
    steps = tuple(stride // values.itemsize for stride in values.strides)
    return Tensor(Storage(kind, key, values.tobytes()), values.shape, steps)


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing: Any) -> Any:
        if not isinstance(thing, Storage):
            return None
        return ("storage", getattr(sys.modules["torch"], thing.kind), thing.key, "cpu", 0)


def write_checkpoint(path: Path, content: Any, storages: list[Storage]) -> Path:
    """Write a zip that torch.load would read; `content` is what was given to torch.save."""
    with pytest.MonkeyPatch.context() as patch, zipfile.ZipFile(path, "w") as archive:
        for name, module in _torch_modules().items():
            patch.setitem(sys.modules, name, module)
        with archive.open("archive/data.pkl", "w") as file:
            _Pickler(file, protocol=2).dump(content)
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.raw)
    return path


def write_state_dict(path: Path, tensors: dict[str, Tensor]) -> Path:
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    return write_checkpoint(path, {"state_dict": OrderedDict(tensors)}, list(storages.values()))


def _torch_modules() -> dict[str, ModuleType]:
    """Stand-ins in which the pickler finds the names that it writes."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage", "BFloat16Storage", "HalfStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    return {"torch": torch, "torch._utils": utils}
