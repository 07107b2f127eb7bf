"""What reading a file costs, seen from outside: a process of its own tells its outcome and its peak memory."""

import subprocess
import sys
from pathlib import Path

import pytest

# VmHWM, not getrusage: a process that was forked from a large one starts with the large one's ru_maxrss.
_READER = """
import pathlib, re, sys
from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
content = sys.stdin.buffer.read()
before = peak()
try:
    read_radiograph(content)
    outcome = "read"
except RadiographRejected as refusal:
    outcome = refusal.code
print(outcome, (peak() - before) // 1024)
"""


def peak_megabytes(content: bytes) -> tuple[str, int]:
    """Return the refusal's code, or "read", and by how many megabytes reading raised the process's peak memory."""
    if not Path("/proc/self/status").exists():
        pytest.skip("only Linux tells a process's peak memory")
    project = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", _READER], input=content, capture_output=True, cwd=project, check=True)
    outcome, megabytes = done.stdout.decode().split()
    return outcome, int(megabytes)
