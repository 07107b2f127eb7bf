"""From the rows of a closed reader study to its figures.

COVID by RT-PCR is the positive class, "cannot tell" counts as wrong, and no figure is given of fewer than FEWEST_CASES
cases: as on the scorecard. Cases whose radiograph was voided since count nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import Estimate
from diagnosis.findings import Prediction
from diagnosis.models import Conclusion, Outcome
from diagnosis.statistics.scorecard import FEWEST_CASES, Answers, Called
from reader_studies.figures.accuracy import RocPoint, auc, auc_difference, paired_difference, pooled_difference, roc
from reader_studies.figures.agreement import Kappa, cohen, fleiss
from reader_studies.models import Case, Reader, ReaderStudy, Reading
from reader_studies.reading import PAUSE

Codes = NDArray[np.int64]
CONCLUSIONS = (Conclusion.LIKELY, Conclusion.UNSURE, Conclusion.UNLIKELY)
PREDICTIONS = (Prediction.POSITIVE, Prediction.INDETERMINATE, Prediction.NEGATIVE)
_POSITIVE, _NEGATIVE, MISSING = 0, 2, -1


@dataclass(frozen=True)
class Times:
    """Seconds for each case: median and quartiles, without the `flagged` readings; None where there is none."""

    median: float | None
    low: float | None
    high: float | None
    flagged: int


@dataclass(frozen=True)
class Accuracy:
    """Against the reference standard. `points` is the ROC curve, empty where there are too few cases."""

    answers: Answers
    area: Estimate | None
    points: tuple[RocPoint, ...]


@dataclass(frozen=True)
class ReaderFigures:
    reader: Reader
    readings: int
    accuracy: Accuracy
    times: Times


@dataclass(frozen=True)
class Pair:
    """Two readers, by number. `figures` is None where they have too few cases in common."""

    first: int
    second: int
    cases: int
    figures: Kappa | None


@dataclass(frozen=True)
class Arm:
    """What was read without the model's answer, or with it. `together` is Fleiss's kappa of the cases that all read."""

    with_answer: bool
    readers: tuple[ReaderFigures, ...]
    pairs: tuple[Pair, ...]
    together: Kappa | None
    in_common: int


@dataclass(frozen=True)
class Change:
    """With the answer minus without it, of one reader, or of all where `reader` is None."""

    reader: Reader | None
    cases: int
    sensitivity: Estimate | None
    specificity: Estimate | None
    area: Estimate | None


@dataclass(frozen=True)
class Disagreement:
    """A case about which readers differ, or conclude other than the reference standard says: codes by reader number."""

    case: Case
    without: tuple[str, ...]
    with_answer: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    study: ReaderStudy
    cases: tuple[Case, ...]
    readers: tuple[Reader, ...]
    voided: int
    arms: tuple[Arm, ...]
    model: Accuracy
    changes: tuple[Change, ...]
    disagreements: tuple[Disagreement, ...]

    @property
    def erased(self) -> int:
        return self.study.chosen - len(self.cases) - self.voided

    def with_reference(self, reference: str) -> int:
        return sum(case.reference == reference for case in self.cases)


@dataclass(frozen=True)
class _Read:
    """The readings of one arm, shape (readers, cases): codes of conclusions, steps, seconds; MISSING where none is."""

    with_answer: bool
    conclusions: Codes
    suspicion: Codes
    seconds: NDArray[np.float64]


def results_of(study: ReaderStudy) -> Results:
    """A few queries, whatever the number of readers and cases."""
    every = list(study.cases.select_related("study"))
    cases = [case for case in every if not case.study.voided]
    readers = list(study.readers.exclude(joined=None).select_related("person"))
    designed = (False, True) if study.is_crossover else (False,)
    arms = [_read(study, readers, cases, with_answer=arm) for arm in designed]
    truth = np.array([_truth(case) for case in cases], dtype=int)
    return Results(
        study=study,
        cases=tuple(cases),
        readers=tuple(readers),
        voided=len(every) - len(cases),
        arms=tuple(_arm(arm, readers, truth) for arm in arms),
        model=_model(cases, truth),
        changes=_changes(arms, readers, truth) if study.is_crossover else (),
        disagreements=tuple(_disagreements(arms, cases, truth)),
    )


def _truth(case: Case) -> int:
    """As the code of the conclusion that would be right."""
    right = {Outcome.Result.POSITIVE.value: _POSITIVE, Outcome.Result.NEGATIVE.value: _NEGATIVE}
    return right.get(case.reference, MISSING)


def _read(study: ReaderStudy, readers: list[Reader], cases: list[Case], *, with_answer: bool) -> _Read:
    shape = (len(readers), len(cases))
    conclusions, suspicion = np.full(shape, MISSING), np.full(shape, MISSING)
    seconds = np.full(shape, np.nan)
    rows = {reader.pk: number for number, reader in enumerate(readers)}
    columns = {case.pk: number for number, case in enumerate(cases)}
    given = Reading.objects.filter(reader__reader_study=study, with_answer=with_answer).exclude(answered=None)
    for reading in given:
        if reading.case_id in columns and reading.reader_id in rows:
            place = rows[reading.reader_id], columns[reading.case_id]
            conclusions[place] = CONCLUSIONS.index(Conclusion(reading.conclusion))
            suspicion[place] = reading.suspicion or MISSING
            seconds[place] = reading.seconds
    return _Read(with_answer, conclusions, suspicion, seconds)


def _arm(read: _Read, readers: list[Reader], truth: Codes) -> Arm:
    everyone = (read.conclusions != MISSING).all(axis=0) if readers else np.zeros(len(truth), bool)
    common = read.conclusions[:, everyone].T
    together = fleiss(common, len(CONCLUSIONS)) if len(readers) > 1 and len(common) >= FEWEST_CASES else None
    return Arm(
        with_answer=read.with_answer,
        readers=tuple(_reader(read, number, reader, truth) for number, reader in enumerate(readers)),
        pairs=tuple(_pair(read, readers, *pair) for pair in combinations(range(len(readers)), 2)),
        together=together,
        in_common=len(common),
    )


def _reader(read: _Read, number: int, reader: Reader, truth: Codes) -> ReaderFigures:
    accuracy = _accuracy(read.conclusions[number], read.suspicion[number], truth)
    given = int((read.conclusions[number] != MISSING).sum())
    return ReaderFigures(reader, given, accuracy, _times(read.seconds[number]))


def _pair(read: _Read, readers: list[Reader], first: int, second: int) -> Pair:
    both = (read.conclusions[[first, second]] != MISSING).all(axis=0)
    cases = int(both.sum())
    figures = None
    if cases >= FEWEST_CASES:
        figures = cohen(read.conclusions[first][both], read.conclusions[second][both], len(CONCLUSIONS))
    return Pair(readers[first].number, readers[second].number, cases, figures)


def _accuracy(codes: Codes, scores: NDArray, truth: Codes) -> Accuracy:
    covid, others = (codes[(truth == kind) & (codes != MISSING)] for kind in (_POSITIVE, _NEGATIVE))
    answers = Answers(*(Called(*(int((some == code).sum()) for code in range(3))) for some in (covid, others)))
    usable = (truth != MISSING) & (codes != MISSING)
    if min(len(covid), len(others)) < FEWEST_CASES:
        return Accuracy(answers, None, ())
    is_covid, used = truth[usable] == _POSITIVE, scores[usable].astype(float)
    return Accuracy(answers, auc(used, is_covid), tuple(roc(used, is_covid)))


def _model(cases: list[Case], truth: Codes) -> Accuracy:
    codes = np.array([PREDICTIONS.index(Prediction(case.prediction)) for case in cases], dtype=int)
    return _accuracy(codes, np.array([case.probability for case in cases], dtype=float), truth)


def _times(seconds: NDArray[np.float64]) -> Times:
    given = seconds[~np.isnan(seconds)]
    used = given[given <= PAUSE.total_seconds()]
    if not len(used):
        return Times(None, None, None, len(given))
    low, median, high = (float(value) for value in np.quantile(used, [0.25, 0.5, 0.75]))
    return Times(median, low, high, len(given) - len(used))


def _changes(arms: list[_Read], readers: list[Reader], truth: Codes) -> tuple[Change, ...]:
    """Each reader's, of the cases read in both sessions; and that of all who have such cases."""
    both = (arms[0].conclusions != MISSING) & (arms[1].conclusions != MISSING)
    own = [_change(arms, [number], both[number], truth, reader) for number, reader in enumerate(readers)]
    if len(readers) < 2:
        return tuple(own)
    return (*own, _change(arms, list(range(len(readers))), both.all(axis=0), truth, None))


def _change(
    arms: list[_Read], rows: list[int], cases: NDArray[np.bool_], truth: Codes, reader: Reader | None
) -> Change:
    """Of the cases that each of these readers read in both sessions."""

    def difference(kind: int) -> Estimate | None:
        some = cases & (truth == kind)
        right = [(arm.conclusions[rows][:, some] == kind).T for arm in arms]
        if some.sum() < FEWEST_CASES:
            return None
        return paired_difference(right[0][:, 0], right[1][:, 0]) if reader else pooled_difference(*right)

    sensitivity, specificity = difference(_POSITIVE), difference(_NEGATIVE)
    usable = cases & (truth != MISSING)
    area = None
    if sensitivity and specificity:
        scores = [[arm.suspicion[row][usable].astype(float) for row in rows] for arm in arms]
        area = auc_difference(scores[0], scores[1], truth[usable] == _POSITIVE)
    return Change(reader, int(cases.sum()), sensitivity, specificity, area)


def _disagreements(arms: list[_Read], cases: list[Case], truth: Codes) -> list[Disagreement]:
    found = list[Disagreement]()
    for column, case in enumerate(cases):
        said = [arm.conclusions[:, column] for arm in arms]
        codes = {int(code) for arm in said for code in arm if code != MISSING}
        right = int(truth[column])
        if len(codes) > 1 or (codes and right != MISSING and codes != {right}):
            in_codes = [tuple(_code(code) for code in arm) for arm in said]
            found.append(Disagreement(case, in_codes[0], in_codes[1] if len(in_codes) > 1 else ()))
    return found


def _code(code: int) -> str:
    return "" if code == MISSING else CONCLUSIONS[code].value
