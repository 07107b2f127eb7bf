"""An archive, whichever way it is asked: DICOMweb where it has that, else C-FIND and C-MOVE."""

from __future__ import annotations

from pacs import dicomweb, dimse
from pacs.models import Peer
from pacs.queries import FoundRadiograph, FoundStudy, StudyQuery


def search_studies(peer: Peer, query: StudyQuery) -> list[FoundStudy]:
    """Raises ArchiveFault."""
    return (dicomweb if peer.has_dicomweb else dimse).search_studies(peer, query)


def radiographs_of(peer: Peer, study: str) -> list[FoundRadiograph]:
    """Raises ArchiveFault."""
    return (dicomweb if peer.has_dicomweb else dimse).radiographs_of(peer, study)
