"""Embargoes: answers that are hidden from a person while they read the same radiographs in a reader study.

What begins one ends it: apps above write them, and `blinding` asks here. Whether a person has any is asked once for
each `User` object, and so once in a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from accounts.models import User
from diagnosis.models import Embargo, EmbargoQuerySet

_KNOWN = "_has_embargoes"


def embargoes_of(user: User) -> EmbargoQuerySet:
    return Embargo.objects.in_force().filter(reader=user)


def has_embargoes(user: User) -> bool:
    """Whether any answer is hidden from the person for that reason."""
    known: bool | None = getattr(user, _KNOWN, None)
    if known is None:
        known = embargoes_of(user).exists()
        setattr(user, _KNOWN, known)
    return known


def is_embargoed(user: User, study_pk: int) -> bool:
    return has_embargoes(user) and embargoes_of(user).filter(study=study_pk).exists()


def answers_shown(user: User, study_pks: Iterable[int]) -> EmbargoQuerySet:
    """Those of the studies whose answer the person was shown in a reader study that they have finished with."""
    return Embargo.objects.filter(reader=user, study__in=study_pks, is_in_force=False)


def embargo_begin(*, reader: User, studies: Iterable[int], purpose: UUID) -> None:
    """Hide the answers from the person from now on."""
    rows = [Embargo(reader=reader, study_id=study, purpose=purpose) for study in studies]
    Embargo.objects.bulk_create(rows)
    setattr(reader, _KNOWN, bool(rows) or None)


def embargo_end(
    *, purpose: UUID, reader: User | None = None, shown: Iterable[int] = (), study: int | None = None
) -> None:
    """Hide nothing any more for this purpose: from anyone, from one reader, or of one study.

    `shown` are the studies whose answer the reader has seen there.
    """
    rows = Embargo.objects.in_force().filter(purpose=purpose)
    if reader is not None:
        rows = rows.filter(reader=reader)
        setattr(reader, _KNOWN, None)
    if study is not None:
        rows = rows.filter(study=study)
    if reader is not None:
        rows.filter(study__in=list(shown)).update(is_in_force=False)
    rows.delete()
