"""What a PyTorch checkpoint may hold, and what it must not be able to do."""

import builtins
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.torch_files import Storage, Tensor, tensor_of, write_checkpoint, write_state_dict
from training.network.torch_zip import UnsafeCheckpoint, read_state_dict

SIX = Storage("FloatStorage", "0", np.arange(6, dtype="<f4").tobytes())


class Call:
    """Pickles as a call of a function, which a trusting reader makes."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def read_one(path: Path, tensor: Tensor) -> np.ndarray:
    return read_state_dict(write_state_dict(path, {"it": tensor}))["it"]


def test_tensors_come_back_unchanged(tmp_path):
    kernel = np.random.default_rng(0).normal(size=(4, 3, 2, 5, 5)).astype(np.float32)
    steps = np.array(1234567890123)
    tensors = {"conv1.weight": tensor_of(kernel, "0"), "bn1.num_batches_tracked": tensor_of(steps, "1")}
    state = read_state_dict(write_state_dict(tmp_path / "a.pt", tensors))
    assert list(state) == ["conv1.weight", "bn1.num_batches_tracked"]
    np.testing.assert_array_equal(state["conv1.weight"], kernel)
    assert state["bn1.num_batches_tracked"] == steps


def test_tensors_may_share_a_storage(tmp_path):
    np.testing.assert_array_equal(read_one(tmp_path / "a.pt", Tensor(SIX, (3, 2), (1, 3))), [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(read_one(tmp_path / "b.pt", Tensor(SIX, (2,), (1,), offset=4)), [4, 5])


def test_bfloat16_is_decoded_exactly(tmp_path):
    halves = np.arange(2**16, dtype="<u2")  # every bfloat16 there is, infinities and NaNs too
    storage = Storage("BFloat16Storage", "0", halves.tobytes())
    values = read_one(tmp_path / "a.pt", Tensor(storage, (2**16,), (1,)))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values.view(np.uint32), halves.astype(np.uint32) << 16)
    assert (values[0x3F80], values[0xC049]) == (1.0, -3.140625)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch canary",)),
        (subprocess.Popen, (["touch", "canary"],)),
        (builtins.eval, ("open('canary', 'w')",)),
        (builtins.getattr, ("a string", "upper")),
        (np.zeros, ((2,),)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_any_other_pickle_is_refused(tmp_path, monkeypatch, function, arguments):
    """A pickle that asks for anything else is refused and nothing runs."""
    monkeypatch.chdir(tmp_path)
    path = write_checkpoint(tmp_path / "a.pt", {"state_dict": {"it": Call(function, *arguments)}}, [])
    with pytest.raises(UnsafeCheckpoint, match="which a state dict does not need"):
        read_state_dict(path)
    assert not Path("canary").exists()


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [
        ((7,), (1,), 0),
        ((6,), (1,), 1),
        ((2, 3), (4, 1), 0),
        ((1,), (1,), -1),
        ((2,), (-1,), 5),
        ((0,), (1,), 0),
        ((-1,), (1,), 0),
        ((), (), 6),
    ],
)
def test_a_tensor_cannot_reach_outside_its_storage(tmp_path, shape, stride, offset):
    with pytest.raises(UnsafeCheckpoint, match="does not fit its storage of 6 values"):
        read_one(tmp_path / "a.pt", Tensor(SIX, shape, stride, offset))


def test_a_storage_of_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(UnsafeCheckpoint, match=r"torch\.HalfStorage"):
        read_one(tmp_path / "a.pt", Tensor(Storage("HalfStorage", "0", bytes(12)), (6,), (1,)))


def test_what_was_read_cannot_be_written_to(tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        read_one(tmp_path / "a.pt", Tensor(SIX, (6,), (1,)))[0] = 1


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "text.pt").write_text("not a zip")
    with pytest.raises(zipfile.BadZipFile):
        read_state_dict(tmp_path / "text.pt")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "a zip of something else")
    with pytest.raises(UnsafeCheckpoint, match="no state dict"):
        read_state_dict(tmp_path / "other.zip")
    with pytest.raises(UnsafeCheckpoint, match="no state dict"):
        read_state_dict(write_checkpoint(tmp_path / "list.pt", ["something", "else"], []))
