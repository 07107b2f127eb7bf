"""Metrics of uploads for Prometheus: what became of each, why it was refused, how long its answer took.

Counted in the process that answers; `operations.metrics` adds up those of all processes. No label ever holds anything
of a patient, a person or an institution.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from diagnosis.errors import DiagnosisError, ModelBusy, ModelUnavailable, RadiographRejected
from diagnosis.models import Diagnosis

UPLOADS = Counter("covidxray_uploads", "Uploads by what became of them", ["outcome"])
REFUSALS = Counter("covidxray_refusals", "Uploads refused for what the file is, by reason", ["reason"])
CLASSIFICATION_SECONDS = Histogram(
    "covidxray_classification_seconds",
    "Time that the model took for an answer, decoding and waiting left out",
    ["version"],
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30),
)
_OF_ERRORS = {RadiographRejected: "refused", ModelBusy: "busy", ModelUnavailable: "no-model"}


@contextmanager
def failures_counted() -> Iterator[None]:
    """Count what is raised inside as an upload without an answer."""
    try:
        yield
    except DiagnosisError as error:
        kinds = (outcome for kind, outcome in _OF_ERRORS.items() if isinstance(error, kind))
        UPLOADS.labels(next(kinds, "not-stored")).inc()
        raise
    except Exception:
        UPLOADS.labels("failed").inc()
        raise


def upload_counted(newest: Diagnosis | None, *, is_repeat: bool) -> None:
    """Count one that has its row: by its answer, unless it was there before."""
    if is_repeat:
        UPLOADS.labels("repeat").inc()
    else:
        UPLOADS.labels(newest.prediction.lower() if newest else "without-answer").inc()
