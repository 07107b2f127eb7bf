"""From a filter to a page of results, or to all of them: the one place where list, search and export meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from accounts.models import User
from diagnosis.models import (
    Diagnosis,
    DiagnosisQuerySet,
    Embargo,
    PatientWord,
    Review,
    ReviewState,
    Standing,
    Study,
    StudyQuerySet,
    StudyWord,
)
from diagnosis.models.fields import words_of
from diagnosis.models.ordering import NEWEST_FIRST, Order
from diagnosis.models.words import found_by_words, has_all, words_typed
from diagnosis.results.notes import are_common, results_with_words, studies_with_words
from diagnosis.reviews.blinding import conceal, revealed_to, without_embargoed
from diagnosis.reviews.embargoes import has_embargoes

PAGE_ROWS = 50
EXPORT_CHUNK_ROWS = 1000
FEW_STUDIES = 5000
"""Up to this many studies that a search found are sorted; with more, the list is walked in its order instead."""


@dataclass(frozen=True)
class ResultFilter:
    """Which results, and in which order. Nothing asked for is every result of the institution, newest first."""

    text: str = ""
    notes: str = ""
    prediction: str = ""
    first_day: date | None = None
    last_day: date | None = None
    radiographer: int | None = None
    model_version: int | None = None
    review: str = ""
    conclusion: str = ""
    outcome: str = ""
    appearance: str = ""
    lowest: float | None = None
    highest: float | None = None
    standing: str = Standing.KEPT
    order: Order = NEWEST_FIRST

    @property
    def tells_the_answer(self) -> bool:
        """Whether being listed, or where, says something of the answer: to a person who reads blind, too much."""
        bounds = (self.lowest, self.highest)
        verdict = self.review != ReviewState.UNREVIEWED and self.review
        said = self.prediction or verdict or self.conclusion or self.outcome or self.appearance
        return bool(said) or any(bound is not None for bound in bounds) or self.order.column == "probability"


_NARROWINGS: dict[str, Callable[[DiagnosisQuerySet, Any], DiagnosisQuerySet]] = {
    "prediction": DiagnosisQuerySet.predicted,
    "first_day": DiagnosisQuerySet.classified_from,
    "last_day": DiagnosisQuerySet.classified_until,
    "radiographer": DiagnosisQuerySet.requested_by_person,
    "model_version": DiagnosisQuerySet.answered_by_model,
    "review": DiagnosisQuerySet.reviewed_as,
    "conclusion": DiagnosisQuerySet.concluded,
    "outcome": DiagnosisQuerySet.with_outcome,
    "appearance": DiagnosisQuerySet.appearing,
    "lowest": DiagnosisQuerySet.with_probability_from,
    "highest": DiagnosisQuerySet.with_probability_to,
}


@dataclass(frozen=True)
class ResultPage:
    """The rows of one page, in order, and whether there are more on either side."""

    rows: list[Diagnosis]
    has_previous: bool
    has_next: bool


MOST_COUNTED = 10_000


def number_found(results: DiagnosisQuerySet) -> int:
    """How many results there are, by the index alone; MOST_COUNTED + 1 for any number above."""
    counted: int = results.order_by()[: MOST_COUNTED + 1].count()
    return counted


@dataclass(frozen=True)
class Found:
    """Results in order; `can_be_counted` unless they are met along the list, where counting would read all of it."""

    results: DiagnosisQuerySet
    can_be_counted: bool


def filtered_results(user: User, asked: ResultFilter) -> DiagnosisQuerySet:
    return found_results(user, asked).results


def found_results(user: User, asked: ResultFilter) -> Found:
    """The results that the person may see and asked for, in that order.

    Where the filter or the order tells the answer, a person who reads blind gets the studies that they have read.
    """
    few, queried, many = _asked_of_studies(user, asked)
    results = _of_studies(user, few, queried, many).filter(standing=asked.standing)
    for name, narrowed in _NARROWINGS.items():
        if (value := getattr(asked, name)) not in (None, ""):
            results = narrowed(results, value)
    return Found(results.in_order(asked.order), can_be_counted=not many)


def _of_studies(user: User, few: list[set[int]], queried: list[StudyQuerySet], many: list[_Along]) -> DiagnosisQuerySet:
    """Start from the studies where they are few, from the list where they are many.

    No database here can tell the two apart before it runs the query, and the wrong way round takes seconds. For the
    same reason the few are not narrowed to the institution again: SQLite would take that for the better place to start.
    """
    mine = Diagnosis.objects
    results = mine.of_studies(set.intersection(*few)) if few else mine.all() if queried else mine.visible_to(user)
    for studies in queried:
        results = results.filter(study__in=studies.values("pk"))
    for along in many:
        results = along(results)
    return results


_Along = Callable[[DiagnosisQuerySet], DiagnosisQuerySet]


_Studies = set[int] | StudyQuerySet | None


def _asked_of_studies(user: User, asked: ResultFilter) -> tuple[list[set[int]], list[StudyQuerySet], list[_Along]]:
    """What is asked of studies: for each condition the few that meet it, their query, or how a list is walked."""
    few, queried, many = list[set[int]](), list[StudyQuerySet](), list[_Along]()
    for studies, along in _conditions(user, asked):
        if isinstance(studies, StudyQuerySet):
            queried.append(studies)
        elif studies is None or len(studies) > FEW_STUDIES:
            many.append(along)
        else:
            few.append(studies)
    return few, queried, many


def _conditions(user: User, asked: ResultFilter) -> Iterator[tuple[_Studies, _Along]]:
    """What is asked of studies: which they are, one more than FEW_STUDIES at most, and the same asked of results.

    A query where they are some thousands that an index finds. None says that they are many, without looking.
    """
    mine, words = Study.objects.visible_to(user), words_of(asked.notes)
    if typed := words_typed(asked.text):
        yield _with_words(user, typed)
    if words:
        studies = (
            None
            if are_common(Diagnosis.objects.visible_to(user), mine, words)
            else _some(studies_with_words(mine, words))
        )
        yield studies, lambda results: results_with_words(results, mine, words)
    if user.reads_blind and asked.tells_the_answer:
        yield _read_by(user, mine), lambda results: revealed_to(user, results)
    if asked.tells_the_answer and has_embargoes(user):
        yield None, lambda results: without_embargoed(user, results)


def _with_words(user: User, typed: list[str]) -> tuple[_Studies, _Along]:
    """Those whose file has every word, and those of patients who have: one after the other, because joined by OR they
    would make SQLite read the whole table. Where no file has them, the patients' studies stay in the database: two
    names that 2,000 patients have are 10,000 studies at a million, and sent here and back they would take 80 ms.
    """
    patients = found_by_words(PatientWord.objects.visible_to(user), typed, FEW_STUDIES)
    files = None if patients is None else found_by_words(StudyWord.objects.visible_to(user), typed, FEW_STUDIES)
    if patients is None or files is None or max(len(patients), len(files)) > FEW_STUDIES:
        return None, lambda results: results.filter(has_all(typed))
    of_patients = Study.objects.of_patients(user, patients)
    if patients and not files:
        return of_patients, lambda results: results.filter(study__in=of_patients.values("pk"))
    studies = files | _some(of_patients) if patients else files
    return studies, lambda results: _of_any(results, patients, files)


def _of_any(results: DiagnosisQuerySet, patients: set[int], files: set[int]) -> DiagnosisQuerySet:
    """Those of few patients with many studies, or of these files: a row is spared the look-up of its words.

    The sum keeps a database from starting at the patients, and sorting all of their studies.
    """
    return results.alias(whose=F("study__patient") + 0).filter(Q(whose__in=patients) | Q(study__in=files))


def _read_by(user: User, mine: StudyQuerySet) -> set[int]:
    """What `revealed_to` lets through, found from the person's readings and reviews and not from all results."""
    reviewed = Review.objects.filter(reviewer=user).values("diagnosis__study")
    shown = Embargo.objects.filter(reader=user, is_in_force=False).values("study")
    read = _some(mine.filter(own_readings__reader=user)) | _some(mine.filter(pk__in=reviewed))
    return read | _some(mine.filter(pk__in=shown))


def _some(studies: StudyQuerySet) -> set[int]:
    return set(studies.values_list("pk", flat=True)[: FEW_STUDIES + 1])


def first_page(user: User, results: DiagnosisQuerySet) -> ResultPage:
    rows = _rows(user, results)
    return ResultPage(rows[:PAGE_ROWS], has_previous=False, has_next=len(rows) > PAGE_ROWS)


def page_after(user: User, results: DiagnosisQuerySet, row: Diagnosis, order: Order) -> ResultPage:
    """The page that follows `row`."""
    rows = _rows(user, results.following(row, order))
    return ResultPage(rows[:PAGE_ROWS], has_previous=True, has_next=len(rows) > PAGE_ROWS)


def page_before(user: User, results: DiagnosisQuerySet, row: Diagnosis, order: Order) -> ResultPage:
    """The page that ends just before `row`; the first page where fewer rows than a page precede it."""
    rows = _rows(user, results.following(row, order.reverse))
    if len(rows) <= PAGE_ROWS:
        return first_page(user, results)
    return ResultPage(rows[:PAGE_ROWS][::-1], has_previous=True, has_next=True)


def _rows(user: User, results: DiagnosisQuerySet) -> list[Diagnosis]:
    """One row more than a page. The index alone finds them; only then are the rows themselves read."""
    return rows_read(user, list(results.values_list("pk", flat=True)[: PAGE_ROWS + 1]))


def rows_read(user: User, pks: Sequence[int]) -> list[Diagnosis]:
    """The rows in that order, without the answers that the person may not see yet."""
    rows = Diagnosis.objects.with_rows_shown().in_bulk(pks)
    return conceal(user, (rows[pk] for pk in pks if pk in rows))


def place_of(user: User, uuid: UUID, order: Order) -> Diagnosis | None:
    """The row that a page of that order follows or precedes; never one whose place would tell a hidden answer."""
    places = Diagnosis.objects.visible_to(user).only("created", "probability")
    if order.column == "probability":
        places = revealed_to(user, places)
    return places.filter(uuid=uuid).first()


def selected_results(user: User, uuids: Iterable[UUID], order: Order) -> DiagnosisQuerySet:
    """Those of the named results that the person may see, voided ones too."""
    return Diagnosis.objects.visible_to(user).filter(uuid__in=uuids).in_order(order)


def every_row(user: User, results: DiagnosisQuerySet, order: Order) -> Iterator[Diagnosis]:
    """All of the results, read piece by piece: neither memory nor an open transaction grows with their number."""
    rows = rows_read(user, list(results.values_list("pk", flat=True)[:EXPORT_CHUNK_ROWS]))
    while rows:
        yield from rows
        rows = rows_read(
            user, list(results.following(rows[-1], order).values_list("pk", flat=True)[:EXPORT_CHUNK_ROWS])
        )
