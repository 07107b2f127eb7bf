"""The figures: of the installation, which all processes share, and of the process that was asked."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from audit.models import Action, AuditEntry
from diagnosis.errors import DiagnosisError
from diagnosis.inference.artifacts import read_artifact
from diagnosis.inference.concurrency import TurnCounts, turns_now
from diagnosis.inference.serving import loaded
from diagnosis.models import Diagnosis, FileToErase, Refusal, Study
from operations.failures import STARTED, Failures, failures
from operations.version import VERSION, commit
from pacs.models import Instance, Outgoing, Peer

PERIOD = timedelta(hours=24)


@dataclass(frozen=True)
class Model:
    """The model that is chosen in models/current.json, or why there is none."""

    version: str
    weights_sha256: str
    problem: str = ""


@dataclass(frozen=True)
class Process:
    """The one that was asked. `loaded` is the version it answers with, empty before its first answer."""

    number: int
    started: datetime
    loaded: str
    engine: str
    turns: TurnCounts
    failures: Failures


@dataclass(frozen=True)
class Day:
    """Of the installation, in the last 24 hours."""

    uploads: int
    results: int
    refusals: list[tuple[str, int]]
    failed_sign_ins: int
    lock_outs: int


@dataclass(frozen=True)
class Space:
    """In bytes. The database's is None where it cannot be asked."""

    database: str
    database_bytes: int | None
    radiographs: int
    radiographs_bytes: int
    files_to_erase: int
    bucket: str
    """Of the radiographs, where they are on no disk of this machine."""
    free: int | None
    total: int | None


@dataclass(frozen=True)
class LastBackup:
    made: datetime
    size: int
    rows: int
    files: int
    sha256: str


@dataclass(frozen=True)
class Pacs:
    """Radiographs from archives and modalities, and objects that go back: how many wait, how many were given up."""

    received_waiting: int
    received_dead: int
    sent_waiting: int
    sent_dead: int
    faults: list[tuple[str, str]]
    """Name and last fault of each archive that did not answer when it was last asked."""


@dataclass(frozen=True)
class SiteFigures:
    version: str
    commit: str
    model: Model
    process: Process
    day: Day
    space: Space
    backup: LastBackup | None
    pacs: Pacs | None
    """None where it is off."""


def site_figures() -> SiteFigures:
    """Everything at this moment. Raises what the database raises."""
    return SiteFigures(VERSION, commit(), _model(), _process(), _day(), _space(), _last_backup(), pacs_figures())


def _model() -> Model:
    try:
        artifact = read_artifact(settings.MODELS_DIR)
    except DiagnosisError as error:
        return Model("", "", str(error))
    return Model(artifact.version, artifact.weights_sha256)


def _process() -> Process:
    classifier = loaded()
    return Process(
        number=os.getpid(),
        started=STARTED,
        loaded=classifier.model_version if classifier else "",
        engine=classifier.engine.name if classifier else settings.INFERENCE_ENGINE,
        turns=turns_now(),
        failures=failures(),
    )


def _day() -> Day:
    since = timezone.now() - PERIOD
    audited = AuditEntry.objects.filter(time__gte=since)
    refused = Refusal.objects.since(since).values_list("reason").annotate(number=Count("pk"))
    return Day(
        uploads=Study.objects.filter(created__gte=since).count(),
        results=Diagnosis.objects.filter(created__gte=since).count(),
        refusals=list(refused.order_by("-number", "reason")),
        failed_sign_ins=audited.filter(action=Action.SIGN_IN_FAILED).count(),
        lock_outs=audited.filter(action=Action.LOCKED_OUT).count(),
    )


def _space() -> Space:
    stored = Study.objects.aggregate(number=Count("pk"), size=Sum("size"))
    found = disk()
    return Space(
        database=f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}",
        database_bytes=database_bytes(),
        radiographs=stored["number"],
        radiographs_bytes=stored["size"] or 0,
        files_to_erase=FileToErase.objects.count(),
        bucket=settings.STORAGE_S3_BUCKET,
        free=found.free if found else None,
        total=found.total if found else None,
    )


def disk() -> Any:
    """Of the disk that takes the uploads; None where the folder is not there yet, and of a bucket."""
    if settings.STORAGE_S3_BUCKET:
        return None
    try:
        return shutil.disk_usage(settings.MEDIA_ROOT)
    except OSError:
        return None


def database_bytes() -> int | None:
    if connection.vendor == "sqlite":
        file = str(connection.settings_dict["NAME"])
        parts = [Path(file + ending) for ending in ("", "-wal")]
        return sum(part.stat().st_size for part in parts if part.is_file())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        size = cursor.fetchone()[0]
    return None if size is None else int(size)


def pacs_figures() -> Pacs | None:
    if not settings.PACS:
        return None
    dead = Instance.State.DEAD.value
    received = Instance.objects.filter(state__in=[*Instance.OPEN, dead]).values_list("state").annotate(Count("pk"))
    states = dict(received)
    sent = Outgoing.objects.exclude(state=Outgoing.State.SENT).values_list("state").annotate(Count("pk"))
    outgoing = dict(sent)
    return Pacs(
        received_waiting=sum(states.get(state.value, 0) for state in Instance.OPEN),
        received_dead=states.get(dead, 0),
        sent_waiting=outgoing.get(Outgoing.State.WAITING.value, 0),
        sent_dead=outgoing.get(Outgoing.State.DEAD.value, 0),
        faults=list(Peer.objects.active().exclude(fault="").values_list("name", "fault")),
    )


def _last_backup() -> LastBackup | None:
    entry = AuditEntry.objects.filter(action=Action.BACKUP_MADE).order_by("-sequence").first()
    if entry is None:
        return None
    detail = entry.detail
    return LastBackup(entry.time, detail["bytes"], detail["rows"], detail["files"], detail["sha256"])
