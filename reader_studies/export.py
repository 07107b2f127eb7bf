"""The readings as CSV, one line each, and the model's answers as those of a reader "model". No patient, no name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diagnosis.wording.csv_lines import safe_lines
from reader_studies.models import ReaderStudy, Reading
from reader_studies.reading import PAUSE

COLUMNS = (
    "case",
    "reference",
    "reader",
    "with_answer",
    "session",
    "place",
    "conclusion",
    "suspicion",
    "findings",
    "seconds",
    "paused",
    "probability",
    "operating_point",
    "model_version",
)


def reading_lines(study: ReaderStudy) -> Iterator[str]:
    """Headings are names for programs, the same in every language. Cases that were voided since are left out."""
    return safe_lines(COLUMNS, ([row.get(name) for name in COLUMNS] for row in _rows(study)))


def _rows(study: ReaderStudy) -> Iterator[dict[str, Any]]:
    for case in study.cases.filter(study__voided=None):
        named = {"case": case.number, "reference": case.reference, "reader": "model", "conclusion": case.prediction}
        numbers = {"probability": case.probability, "operating_point": case.operating_point}
        yield named | numbers | {"model_version": case.model_version}
    given = Reading.objects.filter(reader__reader_study=study, case__study__voided=None).exclude(answered=None)
    for reading in given.select_related("reader", "case").order_by("reader__number", "session", "place"):
        yield {
            "case": reading.case.number,
            "reference": reading.case.reference,
            "reader": reading.reader.number,
            "with_answer": int(reading.with_answer),
            "session": reading.session,
            "place": reading.place,
            "conclusion": reading.conclusion,
            "suspicion": reading.suspicion,
            "findings": " ".join(reading.findings),
            "seconds": round(reading.seconds, 1),
            "paused": int(reading.seconds > PAUSE.total_seconds()),
        }
