"""On what was measured: the machine, the versions, the model, and whether anything else kept the machine busy."""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("tensorflow-cpu", "keras", "openvino", "numpy", "pillow", "pydicom", "Django")
PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Machine:
    """cpu, system: as the system names them. cores: those that this process may use. memory_mib: of the whole machine.

    busy_before, busy_after: processes that were running or waiting for a processor (load average of one minute).
    """

    cpu: str
    cores: int
    memory_mib: int
    system: str
    busy_before: float
    busy_after: float


def this_machine(busy_before: float) -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    cores = len(os.sched_getaffinity(0))
    return Machine(_cpu(), cores, memory, platform.platform(), busy_before, load())


def load() -> float:
    return round(os.getloadavg()[0], 2)


def versions() -> dict[str, str]:
    """Package name -> version, with Python's, MariaDB's and the commit that was measured."""
    packages = {name: _version(name) for name in PACKAGES}
    return {"python": platform.python_version(), "commit": _commit(), "mariadb": _mariadb(), **packages}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _mariadb() -> str:
    program = mariadb_server()
    if program is None:
        return "not installed"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return next(iter(re.findall(r"Ver (\S+)", said)), "unknown")


def mariadb_server() -> str | None:
    """Where the server's program is; None where it is not installed."""
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
