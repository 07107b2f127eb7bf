"""What reading a file costs, seen from outside: a process of its own tells outcome, peak memory and processor time."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

# VmHWM, not getrusage: a process that was forked from a large one starts with the large one's ru_maxrss.
_PEAK = """
import pathlib, re, sys, time
from diagnosis.errors import RadiographRejected
def peak(pid="self"):
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
content = sys.stdin.buffer.read()
"""
_READER = (
    _PEAK
    + """
from diagnosis.imaging.radiograph import read_radiograph
before, started = peak(), time.process_time()
try:
    read_radiograph(content)
    outcome = "read"
except RadiographRejected as refusal:
    outcome = refusal.code
print(outcome, (peak() - before) // 1024, time.process_time() - started)
"""
)
_UPLOAD = (
    _PEAK
    + """
from diagnosis.imaging import decoding
from diagnosis.imaging.rendering import display_jpeg, full_jpeg, thumbnail_jpeg
from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.preprocessing import preprocess
from tests.diagnosis.imaging.dicom_files import chest_like, dicom
decoding.read_untrusted(dicom(chest_like()))
pid = decoding._pool._idle[0].pid
before, started = peak() + peak(pid), time.process_time()
try:
    pixels = decoding.read_untrusted(content).pixels
    preprocess(pixels, Preprocessing(equalise=True))
    copies = [copy(pixels) for copy in (full_jpeg, display_jpeg, thumbnail_jpeg)]
    outcome = "read"
except RadiographRejected as refusal:
    outcome = refusal.code
print(outcome, (peak() + peak(pid) - before) // 1024, time.process_time() - started)
"""
)


@dataclass(frozen=True)
class Cost:
    """The refusal's code, or "read"; what it added to the peak of memory, in megabytes; seconds of processor time."""

    outcome: str
    megabytes: int
    seconds: float


def cost_of_reading(content: bytes) -> Cost:
    """Of `read_radiograph`."""
    return _cost(_READER, content)


def cost_of_upload(content: bytes) -> Cost:
    """Of what an upload does with a file besides the network and the database, in this process and in the decoder's."""
    return _cost(_UPLOAD, content)


def peak_megabytes(content: bytes) -> tuple[str, int]:
    """Return the refusal's code, or "read", and by how many megabytes reading raised the process's peak memory."""
    cost = cost_of_reading(content)
    return cost.outcome, cost.megabytes


def _cost(script: str, content: bytes) -> Cost:
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells a process's peak memory")
    project = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", script], input=content, capture_output=True, cwd=project, check=True)
    outcome, megabytes, seconds = done.stdout.decode().split()
    return Cost(outcome, int(megabytes), float(seconds))
