"""Who used the processors: seconds of every process of the site, of the virtual users, and of all others."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(root: int) -> dict[str, float]:
    """Program name → processor seconds so far, of the process and all below it that are running."""
    found: dict[str, float] = {}
    for pid in _family(root):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        found[name] = found.get(name, 0) + (int(fields[11]) + int(fields[12])) / _TICK
    return found


def machine_seconds() -> float:
    """Processor seconds that anything on the machine has used since it started."""
    user, nice, system, _idle, _wait, *rest = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + sum(rest)) / _TICK


def _family(root: int) -> list[int]:
    try:
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [root, *(pid for child in children for pid in _family(int(child)))]
