"""Building a model sends nothing to anyone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
CONVERT = """
import training
import numpy, tensorflow, openvino

@tensorflow.function(input_signature=[tensorflow.TensorSpec([1, 3], tensorflow.float32)])
def double(x):
    return 2 * x

openvino.convert_model(double)
"""


@pytest.mark.slow
def test_converting_sends_no_telemetry(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", CONVERT], cwd=PROJECT, env=environment, capture_output=True, check=True)
    assert not (tmp_path / "intel").exists()  # where the reporting package keeps an identity and its counts
