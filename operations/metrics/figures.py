"""Figures of the whole installation, read from database and disk when Prometheus asks.

Each figure is a function that yields metrics. Another app's is added to `FIGURES`; what a process counts itself needs
no line here, only a Counter, Gauge or Histogram of prometheus_client whose name begins with covidxray_. No label holds
anything of a patient, a person or an institution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import Metric

from accounts.models import Institution
from audit.forwarding import unsent
from audit.models import Action, AuditEntry
from diagnosis.errors import DiagnosisError
from diagnosis.findings import Prediction
from diagnosis.inference.artifacts import read_artifact
from diagnosis.models import Diagnosis, DiagnosisQuerySet, FileToErase, ReviewState, Study
from jobs.models import Item, Job
from operations.drift import site_drift
from operations.site_figures import database_bytes, disk
from operations.version import VERSION, commit
from pacs.models import Instance, Outgoing

Figure = Callable[[], Iterator[Metric]]
_DAY = timedelta(hours=24)


def build() -> Iterator[Metric]:
    yield _labelled(
        "covidxray_build_info", "Version and commit of the site", {(VERSION, commit()): 1}, "version", "commit"
    )


def model() -> Iterator[Metric]:
    """Of the version in use, as its files say: whether this process can load it tells /readyz."""
    try:
        version = read_artifact(settings.MODELS_DIR).version
    except DiagnosisError:
        yield Gauge("covidxray_model_ready", "Whether a model is in use and built", value=0)
        return
    yield Gauge("covidxray_model_ready", "Whether a model is in use and built", value=1)
    yield _labelled("covidxray_model_info", "The model in use", {(version,): 1}, "version")


def results() -> Iterator[Metric]:
    """Those of the pages, the API, the PACS and commands alike."""
    found = dict.fromkeys(((answer.value.lower(),) for answer in Prediction), 0)
    last_day = _kept().filter(created__gte=timezone.now() - _DAY).order_by()
    for answer, number in last_day.values_list("prediction").annotate(Count("pk")):
        found[(answer.lower(),)] = number
    yield _labelled("covidxray_results_last_day", "Results of the last 24 hours by answer", found, "answer")


def unreviewed() -> Iterator[Metric]:
    waiting = _kept().reviewed_as(ReviewState.UNREVIEWED).predicted(Prediction.POSITIVE.value)
    found = waiting.aggregate(number=Count("pk"), oldest=Min("created"))
    oldest = found["oldest"].timestamp() if found["oldest"] else 0
    yield Gauge("covidxray_positives_unreviewed", "Positive answers without a review", value=found["number"])
    name = "covidxray_positives_unreviewed_oldest_timestamp_seconds"
    yield Gauge(name, "When the oldest Positive answer without a review was made, 0 without any", value=oldest)


def pacs() -> Iterator[Metric]:
    taken = _by_state(Instance.objects.all(), list(Instance.State))
    yield _labelled("covidxray_pacs_radiographs", "Radiographs of the PACS by state", taken, "state")
    sent = _by_state(Outgoing.objects.all(), list(Outgoing.State))
    yield _labelled("covidxray_pacs_results", "Results for the PACS by state", sent, "state")


def jobs() -> Iterator[Metric]:
    """Radiographs of jobs that are kept: those that wait, though their job may be stopped, and those given up."""
    found = _by_state(Job.objects.all(), list(Job.State))
    yield _labelled("covidxray_jobs", "Jobs by state", found, "state")
    kept = Item.objects.filter(job__in=Job.objects.values("pk"))
    for state, name in ((Item.State.WAITING, "waiting"), (Item.State.DEAD, "dead")):
        number = kept.filter(state=state).count()
        yield Gauge(f"covidxray_job_radiographs_{name}", f"Radiographs of jobs that are {name}", value=number)


def space() -> Iterator[Metric]:
    yield Gauge("covidxray_radiographs", "Radiographs stored", value=Study.objects.count())
    yield Gauge(
        "covidxray_files_to_erase", "Files of erased studies still on the disk", value=FileToErase.objects.count()
    )
    if (size := database_bytes()) is not None:
        yield Gauge("covidxray_database_bytes", "Size of the database", value=size)
    if found := disk():
        yield Gauge("covidxray_disk_free_bytes", "Free on the disk of the radiographs", value=found.free)
        yield Gauge("covidxray_disk_bytes", "Size of the disk of the radiographs", value=found.total)


def backup() -> Iterator[Metric]:
    made = AuditEntry.objects.filter(action=Action.BACKUP_MADE).order_by("-sequence")
    last = made.values_list("time", flat=True).first()
    value = last.timestamp() if last else 0
    yield Gauge("covidxray_last_backup_timestamp_seconds", "When the last backup was made, 0 without any", value=value)


def sign_ins() -> Iterator[Metric]:
    entries = AuditEntry.objects.filter(time__gte=timezone.now() - _DAY)
    failed = entries.filter(action=Action.SIGN_IN_FAILED).count()
    yield Gauge("covidxray_failed_sign_ins_last_day", "Failed sign-ins of the last 24 hours", value=failed)
    locked = entries.filter(action=Action.LOCKED_OUT).count()
    yield Gauge("covidxray_lock_outs_last_day", "Lock-outs of the last 24 hours", value=locked)


def drift() -> Iterator[Metric]:
    """Of the last weeks; nothing of what too few results say."""
    found = site_drift()
    help_text = "Population stability index of the last weeks, the largest of all institutions"
    yield _labelled("covidxray_drift_psi", help_text, found.largest, "measure", "against")
    help_text = "Institutions whose last weeks differ much from their first ones"
    yield Gauge("covidxray_drift_changed_institutions", help_text, value=found.changed)


def audit() -> Iterator[Metric]:
    yield Gauge("covidxray_audit_unsent", "Audit entries that the hospital's collector does not have", value=unsent())


FIGURES: list[Figure] = [build, model, results, unreviewed, pacs, jobs, space, backup, sign_ins, drift, audit]


def _kept() -> DiagnosisQuerySet:
    """Of every institution by name: the indexes begin with it."""
    return Diagnosis.objects.kept().filter(institution__in=list(Institution.objects.values_list("pk", flat=True)))


def _by_state(rows: QuerySet, states: list[str]) -> dict[tuple[str, ...], int]:
    """Every state has a figure, 0 too: an alert cannot compare what is not there."""
    counted = rows.order_by().values_list("state").annotate(Count("pk"))
    return dict.fromkeys(((str(state),) for state in states), 0) | {(state,): number for state, number in counted}


def _labelled(name: str, help_text: str, values: Mapping[Any, float], *labels: str) -> Metric:
    """values: by the values of the labels, a tuple."""
    metric = Gauge(name, help_text, labels=labels)
    for value, number in values.items():
        metric.add_metric(value, number)
    return metric
