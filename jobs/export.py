"""A job as CSV or JSON Lines: a line for each radiograph, with its answer or why it has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

from django.http import StreamingHttpResponse

from accounts.models import User
from audit.models import Action
from audit.services import record
from diagnosis.findings import Appearance
from diagnosis.models import Diagnosis, findings_read
from diagnosis.results.export import own_classes_in_a_cell
from diagnosis.reviews.blinding import conceal
from diagnosis.wording.csv_lines import safe_lines
from jobs.models import Item, Job

_BATCH = 500


def rows_of(user: User, job: Job) -> Iterator[tuple[Item, Diagnosis | None]]:
    """In the order of the source, each with its result as the person may see it: not their colleagues' own, and
    nothing of an answer that a blind reader has not read.
    """
    last = 0
    while batch := list(job.items.filter(pk__gt=last).order_by("pk").select_related("study")[:_BATCH]):
        results = results_of(user, batch)
        yield from ((item, results.get(item.diagnosis_id or 0)) for item in batch)
        last = batch[-1].pk


def results_of(user: User, items: list[Item]) -> dict[int, Diagnosis]:
    """Results by their numbers; none of a voided study, as with uploads."""
    numbers = [item.diagnosis_id for item in items if item.diagnosis_id]
    rows = Diagnosis.objects.visible_to(user).kept().with_rows_shown().filter(pk__in=numbers)
    shown = {row.pk: row for row in conceal(user, rows)}
    findings_read(shown.values())
    return shown


def _of(column: str) -> Callable[[Item, Diagnosis | None], object]:
    return lambda item, result: getattr(result, column) if result and not result.is_hidden else None


def _found(item: Item, result: Diagnosis | None, name: str) -> object:
    found = result.findings.all() if result else ()
    return next((finding.probability for finding in found if finding.name == name), None)


# Headings are names for programs and stay the same in every language.
COLUMNS: dict[str, Callable[[Item, Diagnosis | None], object]] = {
    "file_name": lambda item, result: item.name or (result.study.file_name if result else ""),
    "state": lambda item, result: item.state,
    "outcome": lambda item, result: item.outcome or None,
    "code": lambda item, result: item.reason or None,
    "why": lambda item, result: item.why or None,
    "attempts": lambda item, result: item.attempts,
    "result": lambda item, result: str(result.uuid) if result else None,
    "prediction": _of("prediction"),
    "covid_probability": _of("probability"),
    "confidence": _of("confidence"),
    "appearance": lambda item, result: (result.appearance or None) if result else None,
    **{f"appearance_{name}": partial(_found, name=name.value) for name in Appearance},
    "other_classes": lambda item, result: (own_classes_in_a_cell(result) or None) if result else None,
    "model_version": lambda item, result: result.model_version.version if result else None,
    "patient_id": lambda item, result: result.study.patient_reference if result else None,
}


def csv_lines(user: User, job: Job) -> Iterator[str]:
    """The heading, then a line for each radiograph, made as they are asked for."""
    rows = ([_blank(value(item, result)) for value in COLUMNS.values()] for item, result in rows_of(user, job))
    return safe_lines(COLUMNS, rows)


def _blank(value: object) -> object:
    return "" if value is None else value


def json_lines(user: User, job: Job) -> Iterator[str]:
    """An object in each line, with the same names; what there is not is null."""
    for item, result in rows_of(user, job):
        yield json.dumps({name: value(item, result) for name, value in COLUMNS.items()}) + "\n"


FILES: dict[str, tuple[Callable[[User, Job], Iterator[str]], str]] = {
    "csv": (csv_lines, "text/csv; charset=utf-8"),
    "jsonl": (json_lines, "application/jsonl"),
}


def job_file(user: User, job: Job, form: str, *, is_recorded: bool) -> StreamingHttpResponse:
    """Every radiograph of the job as a file to download: `form` is one of FILES."""
    lines, content_type = FILES[form]
    if is_recorded:
        record(Action.JOB_EXPORTED, actor=user, subject=job, detail={"form": form})
    response = StreamingHttpResponse(lines(user, job), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="covidxray-job-{job.uuid}.{form}"'
    return response
