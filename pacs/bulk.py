"""An archive as a source of jobs: which ones a person may ask, all radiographs of some days, and one file.

The setting JOBS_ARCHIVES names this module; `jobs/sources/archive.py`, which it never imports, says what it must have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from accounts.models import User
from diagnosis.errors import gettext_noop
from pacs import dicomweb
from pacs.errors import ArchiveFault, NotInArchive
from pacs.heads import head_of_file
from pacs.models import Instance, Peer, PeerQuerySet
from pacs.services import InstanceHead
from pacs.work import known_head


def archives_of(user: User) -> list[tuple[UUID, str]]:
    """Identifier and name of the archives with DICOMweb that the person may search."""
    return list(_with_dicomweb(user).values_list("uuid", "name"))


def archive_at(user: User, address: str) -> UUID | None:
    """The one of those at that DICOMweb URL."""
    peers = {peer.dicomweb_url.rstrip("/"): peer.uuid for peer in _with_dicomweb(user)}
    return peers.get(address.rstrip("/"))


def found_in(archive: UUID, first_day: date, last_day: date) -> Iterator[str]:
    """The place of every radiograph of these days, but of those that were erased here. Raises ArchiveFault."""
    peer = _peer(archive)
    for series in dicomweb.series_since(peer, first_day, last_day):
        study, uid = str(series.StudyInstanceUID), str(series.SeriesInstanceUID)
        heads = [head for head in dicomweb.heads_of_series(peer, study, uid) if known_head(head)]
        erased = _erased(peer, [head.sop_instance_uid for head in heads])
        for head in heads:
            if head.sop_instance_uid not in erased:
                yield json.dumps([study, uid, head.sop_instance_uid])


def fetched(archive: UUID, place: str) -> tuple[bytes, str]:
    """The file, and the archive's AE title. Raises ArchiveFault."""
    peer = _peer(archive)
    study, series, instance = json.loads(place)
    if _erased(peer, [instance]):
        raise NotInArchive(
            gettext_noop("This radiograph was erased here and will not be fetched again."), code="erased"
        )
    head = InstanceHead(instance, series_instance_uid=series, study_instance_uid=study)
    content = dicomweb.fetch_file(peer, head)
    said = head_of_file(content)
    if said is None or said.sop_instance_uid != instance:
        raise ArchiveFault(gettext_noop("The archive sent another file than the one asked for."), code="other-file")
    return content, peer.ae_title


def _with_dicomweb(user: User) -> PeerQuerySet:
    return Peer.objects.searched_by(user).exclude(dicomweb_url="")


def _peer(archive: UUID) -> Peer:
    peer = Peer.objects.active().filter(uuid=archive, is_searched=True).exclude(dicomweb_url="").first()
    if peer is None:
        raise ArchiveFault(gettext_noop("This archive cannot be searched any more."), code="archive-gone")
    return peer


def _erased(peer: Peer, uids: list[str]) -> set[str]:
    rows = Instance.objects.filter(institution=peer.institution_id, sop_instance_uid__in=uids)
    return set(rows.filter(state=Instance.State.ERASED).values_list("sop_instance_uid", flat=True))
