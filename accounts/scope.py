"""Whose rows a person sees: the one rule behind every ``visible_to``."""

from typing import TypeVar

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import User

OWN = "own"

Rows = TypeVar("Rows", bound=QuerySet)


def keeper_of(user: User) -> str:
    """Whose a new patient is: the institution's (empty), or where radiographers see only their own, the person's."""
    return str(user.uuid) if settings.RADIOGRAPHERS_SEE == OWN else ""


def narrowed(rows: Rows, user: User, *, own: Q, institution: str = "institution") -> Rows:
    """Those rows that the person may see: none without the clinical role, else the institution's.

    `institution` is the path from a row to its institution. Where the setting RADIOGRAPHERS_SEE is "own", only the rows
    that `own` describes remain: those of radiographs that the person uploaded.
    """
    if not user.is_radiographer:
        return rows.none()
    mine = rows.filter(**{institution: user.institution_id})
    return mine.filter(own) if settings.RADIOGRAPHERS_SEE == OWN else mine
