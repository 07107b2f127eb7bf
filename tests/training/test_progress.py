"""What a run says where its output is no terminal, and what it ends with; TensorBoard's files."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from training.fitting.tensorboard import write_figures
from training.progress import Lines, Progress
from training.publishing.closing import closing_sentence, final_figures


def test_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty epochs of ten seconds: five lines and the last, with loss and the time that is left; no bars."""
    clock = [1000.0]
    monkeypatch.setattr("training.progress.time.monotonic", lambda: clock[0])
    output = io.StringIO()
    with Progress(Console(file=output, force_terminal=False, width=80)) as progress:
        update = progress.of("Stage 1")
        for epoch in range(1, 32):
            clock[0] += 10
            update(epoch, 31, f"loss 0.{epoch:02d}")
    lines = output.getvalue().strip().splitlines()
    assert lines[0] == "Stage 1: 6 of 31, loss 0.06, 4 min left"
    assert lines[-1] == "Stage 1: 31 of 31, loss 0.31, took 5.2 min"
    assert len(lines) == 6


def test_a_resumed_run_knows_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """900 of 1000 steps were done yesterday; the next 20 take two minutes. Then 10 figures."""
    clock = [1000.0]
    monkeypatch.setattr("training.progress.time.monotonic", lambda: clock[0])
    lines = Lines("Lung fields")
    assert lines.line(900, 1000) == ""
    clock[0] += 120
    assert lines.line(920, 1000) == "Lung fields: 920 of 1000, 8 min left"
    clock[0] += 480
    assert lines.line(1000, 1000) == "Lung fields: 1000 of 1000, took 10.0 min"
    assert lines.line(0, 10) == ""
    clock[0] += 90
    assert lines.line(10, 10) == "Lung fields: 10 of 10, took 1.5 min"


def card(folder: Path) -> Path:
    figures = {"accuracy": {"value": 0.91}, "sensitivity": {"value": 0.9}, "roc_auc": {"value": None}}
    (folder / "model_card.json").write_text(
        json.dumps({"figures": {"parts": {"test": figures, "validation": figures}}})
    )
    return folder


def test_the_closing_line_has_the_figures(tmp_path: Path) -> None:
    assert closing_sentence(card(tmp_path)) == "Test: accuracy 0.910, sensitivity 0.900."


def test_tensorboard_finds_the_figures(tmp_path: Path) -> None:
    import tensorflow as tf

    write_figures(tmp_path / "run", final_figures(card(tmp_path)))
    [path] = (tmp_path / "run").glob("*tfevents*")
    events = list(tf.compat.v1.train.summary_iterator(str(path)))
    found = {value.tag: round(value.simple_value, 3) for event in events for value in event.summary.value}
    assert events[0].file_version == "brain.Event:2"
    assert found == {
        "test/accuracy": 0.91,
        "test/sensitivity": 0.9,
        "validation/accuracy": 0.91,
        "validation/sensitivity": 0.9,
    }


def test_numbers_of_an_epoch_are_whole_at_80_columns() -> None:
    output = io.StringIO()
    with Progress(Console(file=output, force_terminal=True, color_system=None, width=80)) as progress:
        progress.of("Finding near duplicates")(10_000, 10_000)
        progress.of("Stage 1")(24, 25, "loss 0.8978, validation 0.6866")
    shown = output.getvalue()
    assert "10000/10000" in shown
    assert "loss 0.8978, validation 0.6866" in shown
    assert "…" not in shown


def test_only_the_greeting_is_dropped(tmp_path: Path) -> None:
    """As TensorFlow 2.21 greets; `keras` is one that greets so, because the real one takes seconds."""
    greeting = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n"
    said = f"{greeting}I0000 00:00:17.31 1 port.cc:153] oneDNN custom operations are on. You may see\\nan error\\n"
    (tmp_path / "keras.py").write_text(f"import os\nos.write(2, b'{said}')\n")
    run = "from training.greeting import keras_import; keras_import()"
    paths = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", run], env=paths, capture_output=True, text=True, check=True)
    assert ran.stderr == "an error\n"
