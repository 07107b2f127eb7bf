"""What pages read of ledger and archives: a page of the ledger, and what is known of the radiographs of a study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from diagnosis.models import Diagnosis, Study, StudyQuerySet
from diagnosis.reviews.blinding import hidden_studies
from diagnosis.uploads.services import can_be_stored
from pacs.models import Instance, InstanceQuerySet, Outgoing
from pacs.queries import FoundRadiograph

PAGE_ROWS = 50


@dataclass(frozen=True)
class LedgerRow:
    """A radiograph from the PACS, and its newest result where there is one that the person may see."""

    instance: Instance
    diagnosis: Diagnosis | None
    state: str
    """In words. That a result went back after a review is not told to a person who has to read first."""

    @property
    def can_be_stored(self) -> bool:
        """Whether it was refused, and a person may have it stored without an answer all the same."""
        instance = self.instance
        return instance.state == Instance.State.REFUSED and instance.can_go_on and can_be_stored(instance.reason)


@dataclass(frozen=True)
class LedgerPage:
    rows: list[LedgerRow]
    next_before: int | None
    """The number that the next page begins before; None on the last one."""


def ledger_page(user: User, states: list[str], before: int | None) -> LedgerPage:
    """Newest first. One query for the rows and one for their results."""
    rows: InstanceQuerySet = Instance.objects.visible_to(user).shown().filter(state__in=states)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE_ROWS + 1])
    listed = found[:PAGE_ROWS]
    results = results_of(user, listed)
    hidden = hidden_studies(user, (instance.study_id for instance in listed if instance.study_id))
    page = [
        LedgerRow(instance, results.get(instance.study_id or 0), _state(instance, instance.study_id in hidden))
        for instance in listed
    ]
    return LedgerPage(page, listed[-1].pk if len(found) > PAGE_ROWS else None)


def _state(instance: Instance, is_hidden: bool) -> str:
    state = Instance.State(instance.state)
    return str((Instance.State.CLASSIFIED if is_hidden and state is Instance.State.SENT else state).label)


@dataclass(frozen=True)
class OutboxPage:
    rows: list[Outgoing]
    next_before: int | None
    """The number that the next page begins before; None on the last one."""


def outbox_page(user: User, before: int | None, *, only_stopped: bool = False) -> OutboxPage:
    """What goes back into archives, newest first."""
    rows = Outgoing.objects.shown_to(user)
    if only_stopped:
        rows = rows.filter(state=Outgoing.State.DEAD)
    if before:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE_ROWS + 1])
    return OutboxPage(found[:PAGE_ROWS], found[PAGE_ROWS - 1].pk if len(found) > PAGE_ROWS else None)


def results_of(user: User, instances: Iterable[Instance]) -> dict[int, Diagnosis]:
    """The newest result of each study, by the study's number."""
    studies = Study.objects.visible_to(user).filter(pk__in=[instance.study_id for instance in instances])
    return {result.study_id: result for result in _results_of(studies)}


def known_results(user: User, radiographs: Iterable[FoundRadiograph]) -> dict[str, Diagnosis]:
    """The newest result of each radiograph that is here already, received or uploaded, by its SOP Instance UID."""
    uids = [radiograph.sop_instance_uid for radiograph in radiographs]
    studies = Study.objects.visible_to(user).filter(sop_instance_uid__in=uids)
    return {str(result.study.sop_instance_uid): result for result in _results_of(studies)}


def _results_of(studies: StudyQuerySet) -> list[Diagnosis]:
    """Of studies that the person may see, the newest last: with the institution and an order in the query, SQLite would
    read all of its results.
    """
    results = Diagnosis.objects.of_studies(list(studies.values_list("pk", flat=True))).select_related("study")
    return sorted(results.only("uuid", "study__sop_instance_uid"), key=lambda result: result.pk)
