"""How much time has passed since something, whatever becomes of the system's clock in between.

The wall clock may be set back. A machine's own clock (Linux: CLOCK_BOOTTIME) never is, and all processes of a machine
share it until it starts anew: moments are written down by both, and the longer time counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

TOLERANCE = 60
"""Seconds by which the clocks of two machines may differ, or a clock be corrected, without being noticed."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def machine_moment() -> list[Any]:
    """Which start of which machine, and how many seconds after it; as JSON holds it."""
    return [_boot(), time.clock_gettime(time.CLOCK_BOOTTIME)]


def seconds_since(wall: float, machine: Sequence[Any] | None = None) -> float:
    """Since a moment by the wall clock, and by the machine's own where that is known and still the same.

    Infinite where the wall clock says that the moment lies in the future and nothing else is known: it was set back.
    """
    passed = time.time() - wall
    if machine and machine[0] == _boot():
        return max(passed, time.clock_gettime(time.CLOCK_BOOTTIME) - machine[1], 0)
    return max(passed, 0) if passed > -TOLERANCE else math.inf


@cache
def _boot() -> str:
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
