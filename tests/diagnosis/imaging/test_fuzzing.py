"""The fuzzer finds what it is made for, and in its time finds nothing."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from diagnosis.imaging.radiograph import Radiograph
from tests.diagnosis.imaging import fuzzing
from tests.diagnosis.imaging.fuzzing import GOOD, Finding, other_metadata, try_file

pytestmark = pytest.mark.filterwarnings("ignore:::pydicom", "ignore:::PIL")

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_nothing_is_found_in_its_time() -> None:
    """FUZZ_SECONDS: 60 in every run of the tests, 300 at night (docs/development.md)."""
    seconds = os.environ.get("FUZZ_SECONDS", "60")
    command = [sys.executable, "-m", "tests.diagnosis.imaging.fuzzing", seconds, "20261127"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "files, seed" in done.stdout


@pytest.mark.parametrize("name", GOOD)
def test_the_good_files_are_read(name: str) -> None:
    assert try_file(GOOD[name]) == "read"


def reads(monkeypatch: pytest.MonkeyPatch, found: object) -> None:
    def read(_: bytes) -> object:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(fuzzing, "read_radiograph", read)


def test_it_finds_an_untyped_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reads(monkeypatch, ZeroDivisionError())
    with pytest.raises(Finding, match="ZeroDivisionError"):
        try_file(b"")


def test_it_finds_another_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    reads(monkeypatch, Radiograph(np.ones((2, 2), np.uint8), "PNG", "", 0.0, None))
    with pytest.raises(Finding, match="another picture"):
        try_file(b"", np.zeros((2, 2), np.uint8))
    assert try_file(b"", np.ones((2, 2), np.uint8)) == "read"


def test_it_finds_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 11.0])
    reads(monkeypatch, Radiograph(np.ones((2, 2), np.uint8), "PNG", "", 0.0, None))
    monkeypatch.setattr(time, "process_time", lambda: next(moments))
    with pytest.raises(Finding, match=r"11\.0 s"):
        try_file(b"")


def test_it_finds_what_takes_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    reads(monkeypatch, Radiograph(np.ones((2, 2), np.uint8), "PNG", "", 0.0, None))
    peaks = iter([100, 700])
    monkeypatch.setattr(fuzzing, "peak_megabytes", lambda: next(peaks))
    with pytest.raises(Finding, match="700 MB were taken"):
        try_file(b"")


@pytest.mark.parametrize("name", fuzzing.WITH_METADATA)
def test_metadata_are_changed(name: str) -> None:
    chance = random.Random(1)
    assert any(other_metadata(name, chance) != GOOD[name] for _ in range(10))
