"""Which cases a reader study has: drawn at random from results, by reference standard, one of each patient."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Action
from audit.services import record
from diagnosis.models import Diagnosis, DiagnosisQuerySet, Outcome, Study
from diagnosis.models.locking import locked
from diagnosis.statistics.scorecard import WINDOW_DAYS
from reader_studies.errors import StudyRefused
from reader_studies.models import Case, ReaderStudy

MOST_CASES = 500
FEWEST_CASES = 10
ENOUGH_OF_EACH = 30
"""With fewer of either reference, a sensitivity or specificity of 80 % is known to about ± 14 points or worse."""
MOST_LOOKED_AT = 20_000
UNKNOWN = ""
REFERENCES = (Outcome.Result.POSITIVE.value, Outcome.Result.NEGATIVE.value, UNKNOWN)
_READ = ("pk", "study", "study__patient", "study__outcome", "study__outcome_date", "study__study_date")


@dataclass(frozen=True)
class Candidate:
    """A radiograph that could be a case: its newest answer among the results, and its reference standard."""

    diagnosis: int
    study: int
    patient: int | None
    reference: str


@dataclass(frozen=True)
class Wanted:
    """How many cases of each reference standard."""

    positive: int = 0
    negative: int = 0
    unknown: int = 0

    def of(self, reference: str) -> int:
        return {REFERENCES[0]: self.positive, REFERENCES[1]: self.negative}.get(reference, self.unknown)

    @property
    def total(self) -> int:
        return self.positive + self.negative + self.unknown


def reference_of(result: str, sampled: date | None, taken: date | None) -> str:
    """The RT-PCR result, by the scorecard's rule: positive or negative, and the sample near the radiograph."""
    if result not in REFERENCES[:2]:
        return UNKNOWN
    if sampled and taken and abs((sampled - taken).days) > WINDOW_DAYS:
        return UNKNOWN
    return result


def candidates(results: DiagnosisQuerySet) -> list[Candidate]:
    """One of each patient: the newest radiograph that has a reference standard, or else the newest.

    Of a radiograph the newest answer. At most MOST_LOOKED_AT results are looked at, the newest ones.
    """
    rows = results.order_by("-pk").values_list(*_READ)[:MOST_LOOKED_AT]
    known = [Candidate(pk, study, patient, reference_of(*reference)) for pk, study, patient, *reference in rows]
    found, studies, patients = list[Candidate](), set[int](), set[int]()
    for each in sorted(known, key=lambda each: not each.reference):
        if each.study not in studies and each.patient not in patients:
            found.append(each)
            studies.add(each.study)
            patients |= {each.patient} if each.patient is not None else set()
    return found


def available(found: list[Candidate]) -> Wanted:
    counted = Counter(each.reference for each in found)
    return Wanted(*(counted[reference] for reference in REFERENCES))


@transaction.atomic
def cases_choose(
    *, actor: User, reader_study: ReaderStudy, results: DiagnosisQuerySet, wanted: Wanted, filters: list[str], seed: int
) -> int:
    """Draw the cases and copy answer and reference standard as they are now; those chosen before are replaced.

    Returns how many. Raises StudyRefused for a reader study that has begun, too many, or fewer than there are.
    """
    row = locked(reader_study)
    if row.state != ReaderStudy.State.DRAFT:
        raise StudyRefused(_("The reader study has begun: its cases stay as they are."))
    if not FEWEST_CASES <= wanted.total <= MOST_CASES:
        raise StudyRefused(
            _("Choose between %(fewest)d and %(most)d cases.") % {"fewest": FEWEST_CASES, "most": MOST_CASES}
        )
    found = candidates(results)
    drawn = _drawn(found, wanted, random.Random(seed))  # noqa: S311 - a draw that can be repeated
    cases = _frozen(row, drawn)
    if len(cases) < wanted.total:
        raise StudyRefused(_("There are not that many radiographs any more. Choose again."))
    row.cases.all().delete()
    Case.objects.bulk_create(cases)
    changes = {"filters": sorted(filters), "found": len(found), "chosen": len(cases), "seed": seed}
    ReaderStudy.objects.filter(pk=row.pk).update(**changes)
    record(Action.READER_STUDY_CHANGED, actor=actor, subject=row, detail=changes)
    return len(cases)


def _drawn(found: list[Candidate], wanted: Wanted, rng: random.Random) -> list[tuple[Candidate, int]]:
    """The drawn ones in random order, each with its half; the halves share out each reference evenly."""
    drawn = list[tuple[Candidate, int]]()
    for reference, group in groupby(sorted(found, key=lambda each: each.reference), key=lambda each: each.reference):
        some = list(group)
        chosen = rng.sample(some, min(wanted.of(reference), len(some)))
        first = rng.randrange(2)
        drawn += [(each, (place + first) % 2) for place, each in enumerate(chosen)]
    rng.shuffle(drawn)
    return drawn


def _frozen(reader_study: ReaderStudy, drawn: list[tuple[Candidate, int]]) -> list[Case]:
    """Copies under the locks of the studies; one that was erased or voided in the meantime is left out."""
    pks = sorted(each.study for each, _half in drawn)
    studies = {row.pk: row for row in Study.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    answers = Diagnosis.objects.select_related("model_version").in_bulk([each.diagnosis for each, _half in drawn])
    cases = list[Case]()
    for each, half in drawn:
        study, answer = studies.get(each.study), answers.get(each.diagnosis)
        if study is None or answer is None or study.voided:
            continue
        cases.append(_case(reader_study, study, answer, number=len(cases) + 1, half=half))
    return cases


def _case(reader_study: ReaderStudy, study: Study, answer: Diagnosis, *, number: int, half: int) -> Case:
    return Case(
        reader_study=reader_study,
        study=study,
        diagnosis=answer,
        number=number,
        half=half,
        reference=reference_of(study.outcome, study.outcome_date, study.study_date),
        prediction=answer.prediction,
        probability=answer.probability,
        operating_point=answer.operating_point,
        model_version=answer.model_version.version,
    )
