"""Results as CSV, one line each, and any other table as one: safe to open in a spreadsheet."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone

from diagnosis.models import Diagnosis

# Headings are names for programs and stay the same in every language.
COLUMNS: dict[str, Callable[[Diagnosis], object]] = {
    "result": lambda row: row.uuid,
    "classified": lambda row: row.created,
    "prediction": lambda row: row.prediction,
    "covid_probability": lambda row: row.probability,
    "confidence": lambda row: row.confidence,
    "operating_point": lambda row: row.operating_point,
    "indeterminate_from": lambda row: row.indeterminate_low,
    "indeterminate_below": lambda row: row.indeterminate_high,
    "model_version": lambda row: row.model_version.version,
    "weights_sha256": lambda row: row.model_version.weights_sha256,
    "engine": lambda row: row.engine,
    "review": lambda row: row.review_state,
    "rt_pcr": lambda row: "" if row.is_hidden else row.study.outcome,
    "rt_pcr_sampled": lambda row: "" if row.is_hidden else row.study.outcome_date,
    "voided": lambda row: row.study.voided,
    "radiographer": lambda row: row.requested_by.display_name,
    "patient_id": lambda row: row.study.patient_reference,
    "patient_name": lambda row: row.study.patient_name,
    "study_date": lambda row: row.study.study_date,
    "file_name": lambda row: row.study.file_name,
    "file_sha256": lambda row: row.study.sha256,
    "uploaded": lambda row: row.study.created,
}
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the full-width ones for the same
# Spreadsheets take a file without this mark for one in the computer's own encoding.
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Line:
    """What the csv module writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Diagnosis]) -> Iterator[str]:
    """The heading and then a line for each of the rows, made as they are asked for.

    Where a row's answer is hidden from the person who exports, the cells of the answer are empty.

    Times are in the zone of the request, which is over when the first line is asked for.
    """
    return safe_lines(COLUMNS, ([value_of(row) for value_of in COLUMNS.values()] for row in rows))


def safe_lines(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Any table as the lines of a file that a spreadsheet reads as text and numbers, in the zone of the request."""
    return _lines(heading, rows, timezone.get_current_timezone())


def _lines(heading: Iterable[str], rows: Iterable[Iterable[object]], zone: tzinfo) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield _BYTE_ORDER_MARK + writer.writerow(heading)
    for row in rows:
        yield writer.writerow([_cell(value, zone) for value in row])


def _cell(value: object, zone: tzinfo) -> Any:
    """Text that a spreadsheet would calculate gets an apostrophe before it (OWASP, CSV injection)."""
    if isinstance(value, datetime):
        return timezone.localtime(value, zone).isoformat(timespec="seconds")
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
