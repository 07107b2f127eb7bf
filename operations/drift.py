"""Drift of the installation, for Prometheus and for alerts: the largest of all institutions, none of them named."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from accounts.models import Institution
from diagnosis.statistics.drift import Drift, drift_of_institution

KEPT_SECONDS = 600
"""It changes by the day. A process counts no more often."""


@dataclass(frozen=True)
class SiteDrift:
    """largest: PSI by measure and reference, of enough results only. changed: institutions that differ much."""

    largest: dict[tuple[str, str], float] = field(default_factory=dict)
    changed: int = 0


_lock = threading.Lock()
_kept: list[tuple[float, SiteDrift]] = []


def site_drift() -> SiteDrift:
    """At most KEPT_SECONDS old."""
    with _lock:
        if not _kept or time.monotonic() - _kept[0][0] > KEPT_SECONDS:
            _kept[:] = [(time.monotonic(), _counted())]
        return _kept[0][1]


def forget() -> None:
    _kept.clear()


def _counted() -> SiteDrift:
    institutions = Institution.objects.order_by("pk").values_list("pk", flat=True)
    found = [drift for pk in institutions if (drift := drift_of_institution(pk))]
    return SiteDrift(_largest(found), sum(drift.is_much for drift in found))


def _largest(found: list[Drift]) -> dict[tuple[str, str], float]:
    largest: dict[tuple[str, str], float] = {}
    for one in (comparison for drift in found for comparison in drift.comparisons if comparison.stability.is_enough):
        key = (one.measure.value, one.reference.value)
        largest[key] = max(one.stability.psi, largest.get(key, 0))
    return largest
