"""Claims: a study that somebody reads is not the next one of anybody else.

A claim expires by itself, and a review ends it. It is taken under the lock of its study, so that of two people who ask
for the next study at the same moment each gets another one. It keeps nobody from reading or reviewing.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from diagnosis.models import Claim, Diagnosis, ReviewState, Study
from diagnosis.models.locking import locked
from diagnosis.worklist.queue import readers_of, waiting

LASTS = timedelta(minutes=10)


@transaction.atomic
def claim_take(*, user: User, study: Study) -> Claim:
    """The claim in force: the person's own, new or prolonged, or that of whoever reads the study already.

    Raises Erased.
    """
    study = locked(study)
    claim = Claim.objects.in_force().filter(study=study).select_related("reader").first()
    if claim and claim.reader_id != user.pk:
        return claim
    values = {"reader": user, "until": timezone.now() + LASTS}
    return Claim.objects.update_or_create(study=study, defaults=values)[0]


def claim_end(*, user: User, study: Study) -> None:
    """The person no longer reads the study."""
    Claim.objects.filter(study=study, reader=user).delete()


def claim_next(*, user: User, after: Diagnosis | None = None) -> Diagnosis | None:
    """The next unreviewed result that nobody else is reading, claimed; None where there is none.

    After a result it is the one that follows in the worklist, and after the last one the first.
    """
    pks = _from(list(waiting(user).pks), after)
    studies = dict(Diagnosis.objects.filter(pk__in=pks).values_list("pk", "study"))
    taken = readers_of(user, studies.values())
    free = (pk for pk in pks if studies.get(pk) not in taken)
    return next((row for pk in free if (row := _claimed(user, pk))), None)


def _from(pks: list[int], after: Diagnosis | None) -> list[int]:
    """The same round the clock, without the one that was just looked at."""
    if after is None:
        return pks
    place = pks.index(after.pk) if after.pk in pks else -1
    return [*pks[place + 1 :], *pks[: max(place, 0)]]


@transaction.atomic
def _claimed(user: User, pk: int) -> Diagnosis | None:
    """The result, if it still waits and is the person's now; the same is asked again under the lock of its study."""
    row = Diagnosis.objects.visible_to(user).select_related("study").only("uuid", "study").filter(pk=pk).first()
    if row is None or not Study.objects.select_for_update().filter(pk=row.study_id).exists():
        return None
    waits = Diagnosis.objects.kept().reviewed_as(ReviewState.UNREVIEWED).filter(pk=pk).exists()
    return row if waits and claim_take(user=user, study=row.study).reader_id == user.pk else None


def claims_expired_delete() -> int:
    """How many were over."""
    return Claim.objects.filter(until__lte=timezone.now()).delete()[0]
