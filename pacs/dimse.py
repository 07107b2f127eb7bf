"""An archive without DICOMweb: search (C-FIND) and have radiographs sent (C-MOVE), over pynetdicom."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from diagnosis.errors import gettext_noop
from pacs.bounds import ASKING_BOUNDS
from pacs.errors import ArchiveFault, archive_away
from pacs.heads import MODALITIES
from pacs.models import Instance, Peer
from pacs.queries import (
    MOST_RADIOGRAPHS,
    FoundRadiograph,
    FoundStudy,
    StudyQuery,
    found_radiograph,
    shown_studies,
)

_PENDING = (0xFF00, 0xFF01)
_MOST_ANSWERS = 500
_SECONDS = 30
_CONNECT_SECONDS = 5
_STUDY_KEYS = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "AccessionNumber",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "ModalitiesInStudy",
    "StudyInstanceUID",
)
_SERIES_KEYS = ("SeriesInstanceUID", "Modality", "SeriesDescription", "BodyPartExamined")
_IMAGE_KEYS = ("SOPInstanceUID", "SOPClassUID")


def search_studies(peer: Peer, query: StudyQuery) -> list[FoundStudy]:
    """The studies that match and may have radiographs, newest first; one more than MOST_STUDIES at most."""
    return shown_studies(_find(peer, "STUDY", _STUDY_KEYS, query.keys()), query)


def radiographs_of(peer: Peer, study: str) -> list[FoundRadiograph]:
    """The radiographs of a study, at most MOST_RADIOGRAPHS."""
    found = list[FoundRadiograph]()
    for series in _find(peer, "SERIES", _SERIES_KEYS, {"StudyInstanceUID": study}):
        if str(series.get("Modality", "")) not in MODALITIES:
            continue
        keys = {"StudyInstanceUID": study, "SeriesInstanceUID": str(series.SeriesInstanceUID)}
        rows = (found_radiograph(answer, series, study) for answer in _find(peer, "IMAGE", _IMAGE_KEYS, keys))
        found += [row for row in rows if row]
        if len(found) >= MOST_RADIOGRAPHS:
            break
    return found[:MOST_RADIOGRAPHS]


def have_sent(peer: Peer, instance: Instance) -> None:
    """Ask the archive to send the radiograph to our own receiver (C-MOVE). It may arrive later than this returns."""
    wanted = Dataset()
    wanted.QueryRetrieveLevel = "IMAGE"
    wanted.StudyInstanceUID = instance.study_instance_uid
    wanted.SeriesInstanceUID = instance.series_instance_uid
    wanted.SOPInstanceUID = instance.sop_instance_uid
    with associated(peer, StudyRootQueryRetrieveInformationModelMove) as association:
        answers = association.send_c_move(wanted, settings.PACS_AE_TITLE, StudyRootQueryRetrieveInformationModelMove)
        last = Dataset()
        for answer, _identifier in answers:
            last = answer
    if last.get("Status") != 0x0000:
        raise ArchiveFault(
            gettext_noop("The archive did not send the radiograph (status %(status)s)."),
            code="move-failed",
            status=f"0x{last.get('Status', 0):04X}",
        )


def _find(peer: Peer, level: str, keys: tuple[str, ...], matched: dict[str, str]) -> list[Dataset]:
    query = Dataset()
    query.SpecificCharacterSet = "ISO_IR 192"
    query.QueryRetrieveLevel = level
    for keyword in keys:
        setattr(query, keyword, "")
    for keyword, value in matched.items():
        setattr(query, keyword, value)
    found = list[Dataset]()
    with associated(peer, StudyRootQueryRetrieveInformationModelFind) as association:
        for status, answer in association.send_c_find(query, StudyRootQueryRetrieveInformationModelFind):
            if status.get("Status") in _PENDING and answer is not None:
                found.append(answer)
            elif status.get("Status") != 0x0000:
                raise archive_away()
            if len(found) >= _MOST_ANSWERS:
                association.abort()
                break
    return found


def _not_secure() -> ArchiveFault:
    """It listens, and hangs up on our certificate, or has one that is not to be believed."""
    return ArchiveFault(
        gettext_noop("No secure connection to the archive (TLS): check both certificates."), code="archive-tls"
    )


def _refuse_unreachable(peer: Peer, tls: ssl.SSLContext | None) -> None:
    """Raises ArchiveFault where nothing listens, or nothing to be believed: pynetdicom would leave its socket open."""
    try:
        with socket.create_connection((peer.address, peer.port or 104), _CONNECT_SECONDS) as plain:
            if tls:
                tls.wrap_socket(plain, server_hostname=peer.address).close()
    except ssl.SSLError as error:
        raise _not_secure() from error
    except OSError as error:
        raise archive_away() from error


@contextmanager
def associated(peer: Peer, context: str, syntaxes: Sequence[str] | None = None) -> Iterator[Association]:
    """For one kind of object or question. Raises ArchiveFault where the archive is away, or does not know us or it."""
    tls = _client_tls() if peer.uses_tls else None
    _refuse_unreachable(peer, tls)
    asking = AE(ae_title=settings.PACS_AE_TITLE)
    asking.connection_timeout, asking.acse_timeout = _CONNECT_SECONDS, _SECONDS
    asking.dimse_timeout, asking.network_timeout = _SECONDS, _SECONDS
    asking.add_requested_context(context, syntaxes)
    association = asking.associate(
        peer.address,
        peer.port or 104,
        ae_title=peer.ae_title,
        tls_args=(tls, peer.address) if tls else None,
        evt_handlers=ASKING_BOUNDS,
    )
    if not association.is_established:
        _close(association)
        raise _fault_of(association, is_secure=tls is not None)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()
        _close(association)


def _fault_of(association: Association, *, is_secure: bool) -> ArchiveFault:
    """Why it was not established, although something listens there."""
    if association.is_rejected:
        return ArchiveFault(
            gettext_noop("The archive does not let this site in: it has to know its AE title."), code="archive-rejects"
        )
    if association.rejected_contexts:
        return ArchiveFault(gettext_noop("The archive does not accept this kind of object."), code="not-accepted")
    return _not_secure() if is_secure else archive_away()


def _close(association: Association) -> None:
    """pynetdicom leaves its socket open where the other side has hung up."""
    transport = association.dul.socket
    if transport and transport.socket:
        transport.socket.close()


def _client_tls() -> ssl.SSLContext:
    """The site shows its own certificate, and believes those of the peers' authority."""
    context = ssl.create_default_context(cafile=settings.PACS_TLS_CA or None)
    if settings.PACS_TLS_CERTIFICATE:
        context.load_cert_chain(settings.PACS_TLS_CERTIFICATE, settings.PACS_TLS_KEY or None)
    return context
