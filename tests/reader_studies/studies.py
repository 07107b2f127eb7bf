"""Reader studies for tests: cases with known answers and references, readers who say what the test tells them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils import timezone

from accounts.models import User
from diagnosis.models import Diagnosis, Study
from reader_studies.choosing import Wanted, cases_choose
from reader_studies.models import Reader, ReaderStudy, Reading
from reader_studies.reading import place_of, reading_answer, reading_show
from reader_studies.services import reader_join, reader_study_create, reader_study_open, readers_set
from tests.rows import stored_result

STEPS = {"likely": 5, "unsure": 3, "unlikely": 1}
Say = Callable[[Reading], str]


def results_stored(user: User, *, of_each: int = 10) -> list[Diagnosis]:
    """As many with a positive RT-PCR result as with a negative one; the model is right in all but the first of each."""
    rows = []
    for number in range(of_each):
        for outcome, right, wrong in (("positive", 0.9, 0.05), ("negative", 0.1, 0.85)):
            probability = wrong if number == 0 else right
            prediction = "Positive" if probability > 0.5 else "Negative"
            name = f"{outcome}-{number}.png"
            row = stored_result(user, file_name=name, probability=probability, prediction=prediction, outcome=outcome)
            Diagnosis.objects.filter(pk=row.pk).update(outcome=outcome)
            rows.append(row)
    return rows


def drafted(leader: User, *, design: str = "crossover", washout: int = 0, of_each: int = 10) -> ReaderStudy:
    """With all results of the institution as cases."""
    study = reader_study_create(actor=leader, name="Does it help?", design=design, washout_days=washout)
    results = Diagnosis.objects.visible_to(leader).kept()
    wanted = Wanted(positive=of_each, negative=of_each)
    cases_choose(actor=leader, reader_study=study, results=results, wanted=wanted, filters=["outcome"], seed=7)
    return study


def opened(leader: User, people: Sequence[User], **values: object) -> ReaderStudy:
    study = drafted(leader, **values)  # type: ignore[arg-type]
    readers_set(actor=leader, reader_study=study, people=people)
    reader_study_open(actor=leader, reader_study=study)
    return study


def joined(study: ReaderStudy, person: User) -> Reader:
    reader = Reader.objects.get(reader_study=study, person=person)
    reader_join(reader=reader)
    reader.refresh_from_db()
    return reader


def shown(reader: Reader) -> Reading:
    """The next case, as the page shows it."""
    reading = place_of(reader).reading
    assert reading
    reading_show(reading=reading, user=reader.person)
    return reading


def read_next(reader: Reader, conclusion: str, suspicion: int = 0) -> Reading:
    reading = shown(reader)
    steps = suspicion or STEPS[conclusion]
    assert reading_answer(reading=reading, user=reader.person, conclusion=conclusion, suspicion=steps)
    return reading


def read_all(reader: Reader, say: Say) -> None:
    """All that is left, at once and without a page."""
    rows = list(reader.readings.to_read().select_related("case"))
    for row in rows:
        row.conclusion = say(row)
        row.suspicion, row.shown, row.answered = STEPS[row.conclusion], timezone.now(), timezone.now()
    Reading.objects.bulk_update(rows, ["conclusion", "suspicion", "shown", "answered"])


def right(reading: Reading) -> str:
    return "likely" if reading.case.reference == "positive" else "unlikely"


def voided(study: Study) -> None:
    Study.objects.filter(pk=study.pk).update(voided=study.created)
    Diagnosis.objects.filter(study=study).update(standing="voided")
