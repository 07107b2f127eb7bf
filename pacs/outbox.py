"""What is to be sent back: new answers, reviews, voidings and restorings, found in the history of studies.

`diagnosis` knows nothing of it: a peer's row says up to which event its outbox is filled. Transactions do not commit in
the order of their numbers, so the last two minutes are looked at again; an object that has its row already gets none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import models, transaction
from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import User
from audit.models import Action
from audit.services import record
from diagnosis.models import Diagnosis, Study, StudyEvent
from pacs.models import Outgoing, Peer
from pacs.models.outgoing import revision_of
from pacs.objects.identifiers import Kind, object_uid
from pacs.services import outgoing_add, outgoing_retry

_LATE = timedelta(minutes=2)
_OVERLAP = 10_000
_BATCH = 200
_EVENT = StudyEvent.Kind
_ALL: tuple[Kind, ...] = (Kind.REPORT, Kind.PICTURE, Kind.DOCUMENT)
_NOTICE = (Kind.REPORT, Kind.PICTURE)
_SENT_BY_ITSELF: dict[Peer.Returns, tuple[StudyEvent.Kind, ...]] = {
    Peer.Returns.NEVER: (),
    Peer.Returns.AT_ONCE: (_EVENT.CLASSIFIED, _EVENT.REVIEWED),
    Peer.Returns.REVIEWED: (_EVENT.REVIEWED,),
    Peer.Returns.BY_HAND: (),
}
_WATCHED = (_EVENT.CLASSIFIED, _EVENT.REVIEWED, _EVENT.VOIDED, _EVENT.RESTORED)


def outbox_fill() -> int:
    """Add what has become due for each archive into which results go; how many objects."""
    never = Q(returns=Peer.Returns.NEVER) | Q(is_active=False)
    Peer.objects.filter(never).exclude(sends_from=None).update(sends_from=None)
    return sum(_fill(pk) for pk in Peer.objects.returning().values_list("pk", flat=True))


@transaction.atomic
def result_send(*, diagnosis: Diagnosis, peer: Peer, actor: User) -> None:
    """A person sends this result, as it is by now, also once more. Its study is not voided, and `has_study`."""
    study = diagnosis.study
    about = study.events.filter(kind__in=(_EVENT.REVIEWED, _EVENT.RESTORED)).order_by("-pk")
    event = next((each for each in about if _is_about(each, diagnosis)), None)
    for row in _objects(diagnosis, study, event, _ALL):
        kept, is_new = outgoing_add(peer=peer, row=row)
        if not is_new:
            outgoing_retry(outgoing=kept, actor=actor)
    record(Action.PACS_RETRIED, actor=actor, subject=peer, detail={"result": diagnosis.uuid})


def has_study(study: Study) -> bool:
    """Whether it came as a DICOM file with its UIDs, so that an archive may have it."""
    return study.format == "DICOM" and bool(study.sop_instance_uid)


def _is_about(event: StudyEvent, diagnosis: Diagnosis) -> bool:
    return event.kind != _EVENT.REVIEWED or event.detail["result"] == str(diagnosis.uuid)


@transaction.atomic
def _fill(pk: int) -> int:
    """One batch of one archive's. Results from before it was switched on are not sent."""
    peer = Peer.objects.select_for_update().get(pk=pk)
    if peer.sends_from is None:
        peer.sends_from = peer.sent_event = StudyEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
        peer.save(update_fields=["sends_from", "sent_event"])
        return 0
    events = [*_late(peer), *_new(peer)[:_BATCH]]
    rows = {row.sop_instance_uid: row for event in events for row in _rows(peer, event)}
    there = Outgoing.objects.filter(peer=peer, sop_instance_uid__in=rows).values_list("sop_instance_uid", flat=True)
    for uid in there:
        del rows[uid]
    for row in rows.values():
        outgoing_add(peer=peer, row=row)
    newest = max((event.pk for event in events), default=0)
    if newest > peer.sent_event:
        Peer.objects.filter(pk=pk).update(sent_event=newest)
    return len(rows)


def _new(peer: Peer) -> models.QuerySet[StudyEvent]:
    return _events(peer).filter(pk__gt=peer.sent_event)


def _late(peer: Peer) -> models.QuerySet[StudyEvent]:
    """Those that may have been committed after others with higher numbers."""
    since = max(peer.sent_event - _OVERLAP, peer.sends_from or 0)
    return _events(peer).filter(pk__gt=since, pk__lte=peer.sent_event, created__gte=timezone.now() - _LATE)


def _events(peer: Peer) -> models.QuerySet[StudyEvent]:
    """Of the archive's institution, about radiographs that belong to a study of an archive."""
    events = StudyEvent.objects.filter(kind__in=_WATCHED, study__institution=peer.institution_id)
    return (
        events.filter(study__format="DICOM")
        .exclude(study__sop_instance_uid=None)
        .select_related("study")
        .order_by("pk")
    )


def _rows(peer: Peer, event: StudyEvent) -> Iterator[Outgoing]:
    """The objects that the event makes due."""
    about = None if event.kind == _EVENT.CLASSIFIED else event
    for diagnosis in _results(peer, event):
        yield from _objects(diagnosis, event.study, about, _NOTICE if event.kind == _EVENT.VOIDED else _ALL)


def _objects(
    diagnosis: Diagnosis, study: Study, event: StudyEvent | None, kinds: tuple[Kind, ...]
) -> Iterator[Outgoing]:
    for kind in kinds:
        weights = diagnosis.model_version.weights_sha256
        uid = object_uid(str(study.sop_instance_uid), weights, kind, revision_of(event))
        yield Outgoing(diagnosis=diagnosis, kind=kind.value, event=event, sop_instance_uid=uid)


def _results(peer: Peer, event: StudyEvent) -> models.QuerySet[Diagnosis]:
    """The results that the event makes due: what is sent without a person, and what was sent before the event."""
    results = Diagnosis.objects.filter(study=event.study_id).select_related("model_version").order_by("pk")
    if event.kind in (_EVENT.CLASSIFIED, _EVENT.REVIEWED):
        results = results.filter(uuid=event.detail["result"])
    if event.kind in _SENT_BY_ITSELF[Peer.Returns(peer.returns)]:
        return results
    if event.kind == _EVENT.CLASSIFIED:
        return results.none()
    before = Q(event=None) | Q(event__lt=event.pk)
    sent = Outgoing.objects.filter(before, peer=peer, diagnosis__study=event.study_id)
    return results.filter(pk__in=sent.values("diagnosis"))
