"""Training on two machines, which are two processes here: the result of one, also after an interruption."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.fitting.one_of_two import UnevenRun
from tests.training.fitting.test_trainer import assert_same
from training.fitting.machines import MachinesRefused, Place, place_from_environment
from training.fitting.trainer import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_graphs"), pytest.mark.timeout(300)]


def start_two(folder: Path) -> list[subprocess.Popen[str]]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        workers = [f"127.0.0.1:{server.getsockname()[1]}" for server in (one, other)]
    processes = []
    for number in (0, 1):
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": number}}
        environment = os.environ | {"TF_CONFIG": json.dumps(config), "TF_CPP_MIN_LOG_LEVEL": "2"}
        command = [sys.executable, "-m", "tests.training.fitting.one_of_two", str(folder)]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    return processes


def test_two_give_the_result_of_one(tmp_path, project):
    processes = start_two(tmp_path)
    alone = UnevenRun(tmp_path / "alone").stage(1).stage(2)
    errors = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)

    history = RunFolder(tmp_path / "0").read_history()
    assert [(row.stage, row.epoch) for row in history] == [(row.stage, row.epoch) for row in alone.history]
    for row, expected in zip(history, alone.history, strict=True):
        figures = [row.loss, row.accuracy, row.val_loss, row.val_accuracy, row.learning_rate]
        assert figures == pytest.approx(
            [expected.loss, expected.accuracy, expected.val_loss, expected.val_accuracy, expected.learning_rate],
            rel=1e-4,
        )
    with np.load(tmp_path / "tensors.npz") as tensors:
        assert_same(dict(tensors), alone.tensors, 3e-4)
    assert list((tmp_path / "1").iterdir()) == []  # the chief alone writes

    told = json.loads((tmp_path / "told.json").read_text())
    assert told["others"] == "The machines of TF_CONFIG were given other options or other images."
    assert "lost each other" in told["lost"]
    assert "--resume" in told["lost"]


def test_a_place_in_the_environment(monkeypatch):
    """The chief's address comes first; one machine trains alone; what names none is refused in a sentence."""
    cluster = {"worker": ["two:1", "three:1"], "chief": ["one:1"]}
    for config, expected in {
        json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1}}): Place(
            2, ("one:1", "two:1", "three:1")
        ),
        json.dumps({"cluster": {"worker": ["one:1"]}, "task": {"type": "worker", "index": 0}}): None,
        "": None,
    }.items():
        monkeypatch.setenv("TF_CONFIG", config)
        assert place_from_environment() == expected
    for config in ("{", "[]", "{}", json.dumps({"cluster": cluster, "task": {"type": "ps", "index": 0}})):
        monkeypatch.setenv("TF_CONFIG", config)
        with pytest.raises(MachinesRefused, match="It looks like this"):
            place_from_environment()
