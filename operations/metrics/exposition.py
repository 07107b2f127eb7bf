"""What Prometheus reads: the counts of all processes together, and the installation's figures.

Under several processes each writes its counts into files of PROMETHEUS_MULTIPROC_DIR (deploy/gunicorn.conf.py sets it),
and whichever is asked adds them up.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

from django.db import DatabaseError
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from operations.metrics.figures import FIGURES

KEPT_SECONDS = 15
"""However often it is asked, the database is read no more often."""


class InstallationFigures:
    """Reads every figure, at most once in KEPT_SECONDS."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at, self._kept = -float(KEPT_SECONDS), list[Metric]()

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() - self._read_at >= KEPT_SECONDS:
                self._kept, self._read_at = _read(), time.monotonic()
            yield from self._kept

    def forget(self) -> None:
        self._read_at = -float(KEPT_SECONDS)


def _read() -> list[Metric]:
    """A database that is away takes the figures with it, not the counts of the processes."""
    name, help_text = "covidxray_database_up", "Whether the database answers"
    try:
        found = [metric for figure in FIGURES for metric in figure()]
    except DatabaseError:
        return [GaugeMetricFamily(name, help_text, value=0)]
    return [GaugeMetricFamily(name, help_text, value=1), *found]


installation_figures = InstallationFigures()


def exposition() -> bytes:
    """The text format of Prometheus."""
    return generate_latest(_processes()) + generate_latest(_installation)


def _processes() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


_installation = CollectorRegistry(auto_describe=False)
_installation.register(installation_figures)
