"""The figures of a page as CSV: raw numbers under names for programs, the same in every language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from diagnosis.estimates import Estimate
from diagnosis.statistics.counts import Activity, Counts
from diagnosis.statistics.scorecard import Answers, CalibrationCheck, Score, Scorecard
from diagnosis.wording.csv_lines import safe_lines

_COUNTED = (
    "positive",
    "indeterminate",
    "negative",
    "answered",
    "agrees",
    "unsure",
    "disagrees",
    "decided",
    "unreviewed",
    "refused",
)
REPORT_COLUMNS = (
    "part",
    "name",
    *_COUNTED,
    "positivity",
    "positivity_low",
    "positivity_high",
    "disagreement",
    "disagreement_low",
    "disagreement_high",
    "minutes",
)
_CALLED = ("positive", "indeterminate", "negative")
_ESTIMATES = ("sensitivity", "specificity", "observed", "brier")
SCORECARD_COLUMNS = (
    "part",
    "name",
    *(f"rt_pcr_positive_called_{label}" for label in _CALLED),
    *(f"rt_pcr_negative_called_{label}" for label in _CALLED),
    "radiographs",
    "expected",
    *(f"{name}{end}" for name in _ESTIMATES for end in ("", "_low", "_high")),
    "answers",
)


def report_lines(report: Activity) -> Iterator[str]:
    """One line for each day or month that has begun, the period, each version, person, reason and waiting time."""
    return safe_lines(REPORT_COLUMNS, ([row.get(name) for name in REPORT_COLUMNS] for row in _report_rows(report)))


def scorecard_lines(card: Scorecard) -> Iterator[str]:
    """One line for each month, the period, each model version, tenth of probability, comparison and kind of answer."""
    return safe_lines(SCORECARD_COLUMNS, ([row.get(name) for name in SCORECARD_COLUMNS] for row in _card_rows(card)))


def _report_rows(report: Activity) -> Iterator[dict[str, Any]]:
    for bucket, counts in report.shown_parts:
        yield {"part": "day" if report.period.has_days else "month", "name": bucket.slug, **_counts(counts)}
    yield {"part": "period", "name": report.period.slug, **_counts(report.total)}
    for version, counts in report.versions:
        # A refused upload has no answer by any version.
        yield {"part": "model_version", "name": version.version, **_counts(counts), "refused": None}
    for person, results in report.people:
        yield {"part": "radiographer", "name": person.display_name, "answered": results}
    for name, results in report.appearances:
        yield {"part": "most_probable_appearance", "name": name, "answered": results}
    for name, results in report.classes:
        yield {"part": "most_probable_class", "name": name, "answered": results}
    for code, uploads in report.refusals:
        yield {"part": "refusal", "name": code, "refused": uploads}
    yield {"part": "stored_without_answer", "name": report.period.slug, "refused": report.stored_unanswered}
    for name, minutes in report.review_times.quantiles.items():
        yield {"part": "time_to_review", "name": name, "minutes": minutes}
    for band in report.review_times.bands:
        yield {"part": "reviewed_after_minutes", "name": band.start, "minutes": band.end, "answered": band.reviews}


def _counts(counts: Counts) -> dict[str, Any]:
    numbers = {name: getattr(counts, name) for name in _COUNTED}
    positivity = _estimate("positivity", counts.positivity.estimate)
    return numbers | positivity | _estimate("disagreement", counts.disagreement.estimate)


def _card_rows(card: Scorecard) -> Iterator[dict[str, Any]]:
    for bucket, score in zip(card.period.buckets, card.parts, strict=True):
        if not bucket.is_future:
            yield {"part": "month", "name": bucket.slug, **_score(score)}
    yield {"part": "period", "name": card.period.slug, **_score(card.total)}
    for version, score in card.versions:
        yield {"part": "model_version", "name": version.version, **_score(score)}
    for place, calibration in enumerate(card.bins):
        yield {"part": "probability_from", "name": place / len(card.bins), **_calibration(calibration)}
    yield {"part": "same_radiographs", "name": "radiographers", **_answers(card.comparison.readings)}
    yield {"part": "same_radiographs", "name": "model", **_answers(card.comparison.answers)}
    for label, share in card.known.items():
        yield {"part": "followed_up", "name": label.value, "radiographs": share.part, "answers": share.whole}


def _score(score: Score) -> dict[str, Any]:
    return _answers(score.answers) | _calibration(score.calibration)


def _answers(answers: Answers) -> dict[str, Any]:
    called = {"rt_pcr_positive_called": answers.covid, "rt_pcr_negative_called": answers.non_covid}
    numbers = {f"{name}_{label}": getattr(side, label) for name, side in called.items() for label in _CALLED}
    shares = _estimate("sensitivity", answers.sensitivity) | _estimate("specificity", answers.specificity)
    return {**numbers, "radiographs": answers.radiographs, **shares}


def _calibration(calibration: CalibrationCheck) -> dict[str, Any]:
    figures = _estimate("observed", calibration.observed) | _estimate("brier", calibration.brier)
    return {"radiographs": calibration.radiographs, "expected": calibration.expected, **figures}


def _estimate(name: str, estimate: Estimate | None) -> dict[str, Any]:
    """Empty cells where there is no figure: no cases, or too few of them."""
    if estimate is None:
        return {}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
