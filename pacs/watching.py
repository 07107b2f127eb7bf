"""Watching archives: what is new goes into the ledger. Per instance, so that no study is called complete too early."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from pacs import dicomweb
from pacs.errors import ArchiveFault
from pacs.models import Instance, Peer
from pacs.services import instance_found, peer_heard
from pacs.work import known_head

logger = logging.getLogger(__name__)


@dataclass
class Watch:
    """What one process remembers of an archive between two looks; a new process looks at everything once more."""

    looked: float = float("-inf")
    counts: dict[str, int] = field(default_factory=dict)
    """How many instances each series had, so that only those that have grown are asked for."""

    def is_time(self) -> bool:
        return time.monotonic() - self.looked >= settings.PACS_WATCH_SECONDS


def watched_peers() -> list[Peer]:
    peers = Peer.objects.active().filter(is_watched=True).exclude(dicomweb_url="")
    return list(peers.select_related("institution"))


def look(peer: Peer, watch: Watch) -> int:
    """Take what is new in the archive into the ledger; how much it was. A fault is noted at the archive's row."""
    if not watch.is_time() and not _has_changed(peer):
        return 0
    watch.looked = time.monotonic()
    try:
        found = sum(_look_at_series(peer, watch, *series) for series in _series(peer))
    except ArchiveFault as error:
        logger.warning("archive %s: %s", peer.uuid, error)
        peer_heard(peer=peer, fault=str(error))
        return 0
    peer_heard(peer=peer)
    return found


def _series(peer: Peer) -> list[tuple[str, str, int]]:
    first_day = timezone.localdate() - timedelta(days=settings.PACS_WATCH_DAYS)
    return [
        (
            str(series.StudyInstanceUID),
            str(series.SeriesInstanceUID),
            int(series.get("NumberOfSeriesRelatedInstances") or 0),
        )
        for series in dicomweb.series_since(peer, first_day)
    ]


def _look_at_series(peer: Peer, watch: Watch, study: str, series: str, count: int) -> int:
    """How many radiographs of the series are new. An archive that does not count them is asked each time."""
    if count and watch.counts.get(series) == count:
        return 0
    heads = [head for head in dicomweb.heads_of_series(peer, study, series) if known_head(head)]
    known = set(
        Instance.objects.filter(
            institution=peer.institution_id, sop_instance_uid__in=[head.sop_instance_uid for head in heads]
        ).values_list("sop_instance_uid", flat=True)
    )
    new = [head for head in heads if head.sop_instance_uid not in known]
    found = sum(instance_found(peer=peer, head=head)[1] for head in new)
    watch.counts[series] = count
    return found


def _has_changed(peer: Peer) -> bool:
    """Whether Orthanc says that something is new. Only a hint to look sooner: what it misses is found by looking."""
    if not peer.changes_url:
        return False
    try:
        newest = dicomweb.last_change(peer, peer.seen_change)
    except ArchiveFault:
        return False
    if newest == peer.seen_change:
        return False
    Peer.objects.filter(pk=peer.pk).update(seen_change=newest)
    return True
