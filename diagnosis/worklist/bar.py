"""Where a person is in the worklist, as the page of a result shows it: place, who else reads it, ways on and back."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from diagnosis.models import Claim, Diagnosis, ReviewState
from diagnosis.worklist.queue import waiting
from diagnosis.worklist.services import claim_take

PARAMETER = "worklist"


@dataclass(frozen=True)
class WorklistBar:
    """`place` is that of a result that waits, `reader` somebody else who is reading it; empty where there is none.

    The worklist `is_open` where the page was reached through it.
    """

    is_open: bool = False
    place: int = 0
    total: str = ""
    reader: str = ""

    @property
    def query(self) -> str:
        return f"?{PARAMETER}=1" if self.is_open else ""


def worklist_bar(user: User, diagnosis: Diagnosis, *, is_open: bool) -> WorklistBar:
    """Opened through the worklist, an unreviewed study becomes the person's to read, unless it is somebody else's."""
    reader = _reader(user, diagnosis, is_open)
    if not is_open:
        return WorklistBar(reader=reader)
    found = waiting(user)
    place = found.pks.index(diagnosis.pk) + 1 if diagnosis.pk in found.pks else 0
    return WorklistBar(is_open=True, place=place, total=found.number, reader=reader)


def _reader(user: User, diagnosis: Diagnosis, is_open: bool) -> str:
    """The name of somebody else who is reading an unreviewed study."""
    if diagnosis.review_state != ReviewState.UNREVIEWED or diagnosis.study.voided:
        return ""
    if is_open:
        claim: Claim | None = claim_take(user=user, study=diagnosis.study)
    else:
        claim = Claim.objects.in_force().filter(study=diagnosis.study_id).select_related("reader").first()
    return claim.reader.display_name if claim and claim.reader_id != user.pk else ""
