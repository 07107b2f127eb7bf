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

from diagnosis.models import Diagnosis, StudyEvent
from pacs.models import Outgoing, Peer
from pacs.models.outgoing import revision_of
from pacs.objects.identifiers import Kind, object_uid
from pacs.services import outgoing_add

_LATE = timedelta(minutes=2)
_OVERLAP = 10_000
_BATCH = 200
_EVENT = StudyEvent.Kind
_ALL: tuple[Kind, ...] = (Kind.REPORT, Kind.PICTURE, Kind.DOCUMENT)
_NOTICE = (Kind.REPORT, Kind.PICTURE)
_WATCHED = (_EVENT.CLASSIFIED, _EVENT.REVIEWED, _EVENT.VOIDED, _EVENT.RESTORED)


def outbox_fill() -> int:
    """Add what has become due for each archive into which results go; how many objects."""
    never = Q(returns=Peer.Returns.NEVER) | Q(is_active=False)
    Peer.objects.filter(never).exclude(sends_from=None).update(sends_from=None)
    return sum(_fill(pk) for pk in Peer.objects.exclude(never).values_list("pk", flat=True))


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
        outgoing_add(
            diagnosis=row.diagnosis, peer=peer, kind=row.kind, sop_instance_uid=row.sop_instance_uid, event=row.event
        )
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
        for kind in _NOTICE if event.kind == _EVENT.VOIDED else _ALL:
            weights = diagnosis.model_version.weights_sha256
            uid = object_uid(str(event.study.sop_instance_uid), weights, kind, revision_of(about))
            yield Outgoing(diagnosis=diagnosis, kind=kind.value, event=about, sop_instance_uid=uid)


def _results(peer: Peer, event: StudyEvent) -> models.QuerySet[Diagnosis]:
    """The results that the event is about; of a study that is voided or restored, those that were to be sent."""
    results = Diagnosis.objects.filter(study=event.study_id).select_related("model_version").order_by("pk")
    if event.kind in (_EVENT.CLASSIFIED, _EVENT.REVIEWED):
        is_wanted = event.kind == _EVENT.REVIEWED or peer.returns == Peer.Returns.AT_ONCE
        return results.filter(uuid=event.detail["result"]) if is_wanted else results.none()
    sent = Outgoing.objects.filter(peer=peer, diagnosis__study=event.study_id)
    return results.filter(pk__in=sent.values("diagnosis"))
