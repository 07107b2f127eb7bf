"""The list of studies without an answer, page by page (keyset pagination, as in the list of results)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.http import Http404

from accounts.models import User
from diagnosis.models import Study

PAGE_ROWS = 50


@dataclass(frozen=True)
class StudyPage:
    """Studies with all that a row of the list reads, and whether older ones follow."""

    rows: list[Study]
    has_next: bool


def unanswered_page(user: User, after: UUID | None = None) -> StudyPage:
    """The newest studies without an answer, or those that follow one of them. Raises Http404 where that is none."""
    studies = Study.objects.visible_to(user).unanswered().select_related("patient", "uploaded_by").defer("notes_key")
    if after:
        last = Study.objects.visible_to(user).filter(uuid=after, unanswered__isnull=False).first()
        if last is None:
            raise Http404
        studies = studies.filter(Q(unanswered__lt=last.unanswered) | Q(unanswered=last.unanswered, pk__lt=last.pk))
    rows = list(studies[: PAGE_ROWS + 1])
    return StudyPage(rows[:PAGE_ROWS], has_next=len(rows) > PAGE_ROWS)
