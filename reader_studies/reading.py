"""Reading the cases: which one is next, that it was shown, what was said. Nothing is changed once it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.models import Action
from diagnosis.history.recording import study_record
from diagnosis.models import Study
from diagnosis.models.locking import locked
from diagnosis.reviews.embargoes import embargo_end
from reader_studies.models import Reader, ReaderStudy, Reading

PAUSE = timedelta(minutes=10)
"""A reading that took longer is flagged, and its time is in no figure."""


@dataclass(frozen=True)
class Place:
    """Where a reader is. `reading` is None where nothing can be read now; `due` is then when it goes on, if ever."""

    reading: Reading | None
    session: int = 1
    number: int = 0
    total: int = 0
    due: datetime | None = None

    @property
    def is_finished(self) -> bool:
        return self.reading is None and self.due is None


def place_of(reader: Reader, now: datetime | None = None) -> Place:
    """The reader's next case; the second session begins when the days between the two are over."""
    row = reader.readings.to_read().select_related("case__study", "case__diagnosis__model_version").first()
    if row is None:
        return Place(None)
    due = _due(reader, row.session)
    if due and due > (now or timezone.now()):
        return Place(None, row.session, due=due)
    session = reader.readings.filter(session=row.session, case__study__voided=None)
    number = session.exclude(answered=None).count() + 1
    return Place(row, row.session, number, session.count())


def _due(reader: Reader, session: int) -> datetime | None:
    """When that session begins: so long after the last answer of the first one."""
    if session == 1:
        return None
    last = reader.readings.filter(session=1).exclude(answered=None).order_by("-answered").first()
    if last is None or last.answered is None:
        return None
    return last.answered + timedelta(days=reader.reader_study.washout_days)


def reading_show(*, reading: Reading, user: User) -> Reading:
    """Note when the case was first shown, and that the person sees this patient's radiograph."""
    Reading.objects.filter(pk=reading.pk, shown=None).update(shown=timezone.now())
    study_record(Action.IMAGE_VIEWED, study=reading.case.study, actor=user, reading=reading.uuid)
    return reading


@transaction.atomic
def reading_answer(
    *, reading: Reading, user: User, conclusion: str, suspicion: int, findings: Sequence[str] = ()
) -> bool:
    """Store what the reader says of the case that is in front of them; False where it cannot be said, or is already.

    Two tabs with the same case: the first one counts. Raises Erased.
    """
    study = locked(reading.reader.reader_study)
    radiograph = locked(reading.case.study)
    row = Reading.objects.select_for_update().select_related("reader__person").filter(pk=reading.pk).first()
    if row is None or row.answered or row.reader.left or study.state != ReaderStudy.State.OPEN or radiograph.voided:
        return False
    if row.shown is None or place_of(row.reader).reading != row:
        return False
    said = {"conclusion": conclusion, "findings": list(findings), "suspicion": suspicion}
    Reading.objects.filter(pk=row.pk).update(answered=timezone.now(), **said)
    _reveal(study, row, radiograph)
    study_record(Action.CASE_READ, study=radiograph, actor=user, reading=row.uuid)
    return True


def _reveal(study: ReaderStudy, reading: Reading, radiograph: Study) -> None:
    """Once the reader has read the case in each session, its answer is hidden from them no longer."""
    readings = Reading.objects.filter(reader=reading.reader_id, case=reading.case_id)
    if readings.filter(answered=None).exists():
        return
    shown = [radiograph.pk] if readings.filter(with_answer=True).exists() else []
    embargo_end(purpose=study.uuid, reader=reading.reader.person, study=radiograph.pk, shown=shown)
