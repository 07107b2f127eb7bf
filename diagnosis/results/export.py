"""Results as CSV, one line each, and any other table as one: safe to open in a spreadsheet."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from diagnosis.findings import Appearance
from diagnosis.models import Diagnosis, Review, findings_read
from diagnosis.results.search import EXPORT_CHUNK_ROWS
from diagnosis.wording.csv_lines import safe_lines


def _found(row: Diagnosis, name: str) -> object:
    """The probability of one of the model's findings; empty where the version does not look for it."""
    return next((finding.probability for finding in row.findings.all() if finding.name == name), "")


def own_classes_in_a_cell(row: Diagnosis) -> str:
    """Every class but the leading one with its probability, of a version with classes of its own."""
    found = row.findings.all() if row.is_of_own_classes else ()
    return "; ".join(f"{finding.name}={finding.probability:.6f}" for finding in found)


# Headings are names for programs and stay the same in every language.
COLUMNS: dict[str, Callable[[Diagnosis], object]] = {
    "result": lambda row: row.uuid,
    "classified": lambda row: row.created,
    "prediction": lambda row: row.prediction,
    "covid_probability": lambda row: row.probability,
    "confidence": lambda row: row.confidence,
    "operating_point": lambda row: row.operating_point,
    "operating_point_of": lambda row: "" if row.is_hidden else "site" if row.site_point_id else "card",
    "indeterminate_from": lambda row: row.indeterminate_low,
    "indeterminate_below": lambda row: row.indeterminate_high,
    "model_version": lambda row: row.model_version.version,
    "weights_sha256": lambda row: row.model_version.weights_sha256,
    "engine": lambda row: row.engine,
    "review": lambda row: row.review_state,
    "conclusion": lambda row: row.conclusion,
    "appearance": lambda row: row.appearance,
    **{f"appearance_{name}": partial(_found, name=name.value) for name in Appearance},
    "other_classes": own_classes_in_a_cell,
    "findings": lambda row: " ".join(row.newest_review.findings) if row.newest_review else "",
    "remarks": lambda row: row.newest_review.reason if row.newest_review else "",
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


def csv_lines(rows: Iterable[Diagnosis]) -> Iterator[str]:
    """The heading and then a line for each of the rows, made as they are asked for.

    Where a row's answer is hidden from the person who exports, the cells of the answer are empty.

    Times are in the zone of the request, which is over when the first line is asked for.
    """
    return safe_lines(COLUMNS, ([value_of(row) for value_of in COLUMNS.values()] for row in _with_what_is_added(rows)))


def _with_what_is_added(rows: Iterable[Diagnosis]) -> Iterator[Diagnosis]:
    """The same rows with their reviews and findings, read for many rows at once. A hidden answer's stay hidden."""
    left = iter(rows)
    while some := list(islice(left, EXPORT_CHUNK_ROWS)):
        shown = [row.pk for row in some if not row.is_hidden]
        reviews = Review.objects.filter(diagnosis__in=shown).order_by("pk").defer("reviewer")
        newest = {review.diagnosis_id: review for review in reviews}
        findings_read(some)
        for row in some:
            row.newest_review = newest.get(row.pk)
        yield from some
