"""What changes a reader study: made, its readers named, opened, joined, left, closed, deleted.

Locks are taken in this order: reader study, radiographs by number, end of the audit log.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.scope import OWN
from audit.models import Action
from audit.services import record
from diagnosis.models import Study
from diagnosis.models.locking import locked
from diagnosis.reviews.embargoes import embargo_begin, embargo_end
from reader_studies.choosing import FEWEST_CASES
from reader_studies.errors import StudyRefused
from reader_studies.models import Case, Reader, ReaderStudy, Reading

FEWEST_READERS, MOST_READERS = 2, 20
State = ReaderStudy.State


def refuse_own_only() -> None:
    """Raises StudyRefused where nobody may read a colleague's radiographs."""
    if settings.RADIOGRAPHERS_SEE == OWN:
        raise StudyRefused(
            _("On this site everybody sees only their own radiographs, so that nobody can read others'.")
        )


@transaction.atomic
def reader_study_create(*, actor: User, name: str, design: str, washout_days: int) -> ReaderStudy:
    """A draft, led by the person who makes it. Raises StudyRefused."""
    refuse_own_only()
    row = ReaderStudy.objects.create(
        institution=actor.institution, leader=actor, name=name, design=design, washout_days=washout_days
    )
    record(Action.READER_STUDY_CHANGED, actor=actor, subject=row, detail={"design": design, "days": washout_days})
    return row


def possible_readers(reader_study: ReaderStudy) -> list[User]:
    """Radiographers of the institution, without the leader, who has chosen the cases."""
    people = User.objects.filter(institution=reader_study.institution_id, is_radiographer=True, is_active=True)
    signing_in = people.exclude(email__endswith=".invalid")  # accounts of services
    return list(signing_in.exclude(pk=reader_study.leader_id).order_by("first_name", "last_name", "username"))


@transaction.atomic
def readers_set(*, actor: User, reader_study: ReaderStudy, people: Sequence[User]) -> None:
    """Who is asked to read, in random order, so that their numbers do not follow their names. Raises StudyRefused."""
    row = _draft(reader_study)
    possible = {person.pk for person in possible_readers(row)}
    drawn = sorted((person for person in people if person.pk in possible), key=lambda person: person.pk)
    if len(drawn) > MOST_READERS:
        raise StudyRefused(_("At most %(most)d people can read.") % {"most": MOST_READERS})
    random.SystemRandom().shuffle(drawn)
    row.readers.all().delete()
    Reader.objects.bulk_create(
        Reader(reader_study=row, person=person, number=number, seed=secrets.randbits(31))
        for number, person in enumerate(drawn, start=1)
    )
    record(Action.READER_STUDY_CHANGED, actor=actor, subject=row, detail={"readers": len(drawn)})


@transaction.atomic
def reader_study_open(*, actor: User, reader_study: ReaderStudy) -> None:
    """From now on it can be joined, and neither cases nor readers change. Raises StudyRefused."""
    row = _draft(reader_study)
    readers, cases = row.readers.count(), row.cases.count()
    if cases < FEWEST_CASES:
        raise StudyRefused(_("Choose the cases first: at least %(fewest)d.") % {"fewest": FEWEST_CASES})
    if readers < FEWEST_READERS:
        raise StudyRefused(_("Choose at least %(fewest)d readers first.") % {"fewest": FEWEST_READERS})
    ReaderStudy.objects.filter(pk=row.pk).update(state=State.OPEN, opened=timezone.now())
    record(Action.READER_STUDY_OPENED, actor=actor, subject=row, detail={"readers": readers, "cases": cases})


@transaction.atomic
def reader_join(*, reader: Reader) -> None:
    """Store the reader's own order, and hide the answers of the cases from them. Joining twice adds nothing.

    Raises StudyRefused.
    """
    study = _open(reader.reader_study)
    row = Reader.objects.select_related("person").get(pk=locked(reader).pk)
    if row.joined or row.left:
        return
    cases = list(study.cases.order_by("number"))
    _locked_studies(cases)
    Reading.objects.bulk_create(readings_of(study, row, cases))
    embargo_begin(reader=row.person, studies=[case.study_id for case in cases], purpose=study.uuid)
    Reader.objects.filter(pk=row.pk).update(joined=timezone.now())
    record(Action.READER_STUDY_JOINED, actor=row.person, subject=study, detail={"cases": len(cases)})


def readings_of(study: ReaderStudy, reader: Reader, cases: Sequence[Case]) -> list[Reading]:
    """All that the reader is to read, in an order of their own in each session.

    In a crossover half of the cases are read with the answer in the first session, for every other reader the other
    half; in the second session it is the other way round.
    """
    rows, rng = list[Reading](), random.Random(reader.seed)  # noqa: S311 - an order that can be repeated
    for session in study.sessions:
        order = list(cases)
        rng.shuffle(order)
        for place, case in enumerate(order, start=1):
            with_answer = study.is_crossover and (case.half + reader.number + session) % 2 == 0
            rows.append(Reading(reader=reader, case=case, session=session, place=place, with_answer=with_answer))
    return rows


def _locked_studies(cases: Sequence[Case]) -> None:
    """None of the radiographs is erased before the transaction ends."""
    pks = sorted(case.study_id for case in cases)
    list(Study.objects.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def reader_leave(*, reader: Reader) -> None:
    """Stop reading, for good: nothing is hidden from the person any more. What they have read stays."""
    study = locked(reader.reader_study)
    row = Reader.objects.select_related("person").get(pk=locked(reader).pk)
    if row.left or study.state != State.OPEN:
        return
    Reader.objects.filter(pk=row.pk).update(left=timezone.now())
    _end_embargo(study, row)
    record(Action.READER_STUDY_LEFT, actor=row.person, subject=study)


@transaction.atomic
def reader_study_close(*, actor: User, reader_study: ReaderStudy) -> None:
    """Nobody reads any more, nothing is hidden any more, and the results can be seen. Raises StudyRefused."""
    row = _open(reader_study)
    ReaderStudy.objects.filter(pk=row.pk).update(state=State.CLOSED, closed=timezone.now())
    for reader in row.readers.select_related("person"):
        _end_embargo(row, reader)
    record(Action.READER_STUDY_CLOSED, actor=actor, subject=row)


def _end_embargo(study: ReaderStudy, reader: Reader) -> None:
    shown = reader.readings.filter(with_answer=True).exclude(shown=None).values_list("case__study", flat=True)
    embargo_end(purpose=study.uuid, reader=reader.person, shown=shown)


@transaction.atomic
def reader_study_delete(*, actor: User, reader_study: ReaderStudy) -> None:
    """Only a draft: of what has begun, readings exist. Raises StudyRefused."""
    row = _draft(reader_study)
    record(Action.READER_STUDY_CHANGED, actor=actor, subject=row, detail={"deleted": True})
    row.delete()


def _draft(reader_study: ReaderStudy) -> ReaderStudy:
    row = locked(reader_study)
    if row.state != State.DRAFT:
        raise StudyRefused(_("The reader study has begun: its cases and readers stay as they are."))
    return row


def _open(reader_study: ReaderStudy) -> ReaderStudy:
    row = locked(reader_study)
    if row.state != State.OPEN:
        raise StudyRefused(_("This reader study is not open."))
    return row
