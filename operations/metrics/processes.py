"""The folder in which each gunicorn process writes what it counts. deploy/gunicorn.conf.py uses it.

Nothing here imports prometheus_client before PROMETHEUS_MULTIPROC_DIR is set: it chooses by it where it counts.
"""

import os
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def folder_for(bind: str) -> Path:
    """The one that is named or in use, else one next to the socket (gone with the service), else a new one."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if bind.startswith("unix:"):
        return Path(bind.removeprefix("unix:")).absolute().with_name("metrics")
    return Path(tempfile.mkdtemp(prefix="covidxray-metrics-"))


def folder_emptied(folder: Path) -> None:
    """Make it, and begin at 0: what processes of a former start wrote is no part of this one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()


def process_ended(pid: int) -> None:
    """What it was doing is over; what it had counted still counts."""
    if VARIABLE in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)
