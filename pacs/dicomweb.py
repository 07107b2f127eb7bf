"""An archive with DICOMweb: search (QIDO-RS), fetch and preview (WADO-RS), and Orthanc's list of changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from dicomweb_client.web import DICOMwebClient
from pydicom.dataset import Dataset

from diagnosis.errors import gettext_noop
from diagnosis.imaging.limits import MAX_FILE_BYTES
from pacs.errors import ArchiveFault
from pacs.heads import MODALITIES, RADIOGRAPHS, head_of
from pacs.models import Instance, Peer
from pacs.queries import (
    MOST_RADIOGRAPHS,
    MOST_STUDIES,
    FoundRadiograph,
    FoundStudy,
    StudyQuery,
    day_range,
    found_radiograph,
    shown_studies,
)
from pacs.services import InstanceHead
from pacs.web_session import CONNECT_SECONDS, READ_SECONDS, asking, session_of

_STUDY_FIELDS = ["StudyDescription", "ModalitiesInStudy"]
_SERIES_FIELDS = ["SeriesDescription", "BodyPartExamined", "NumberOfSeriesRelatedInstances"]
_INSTANCE_FIELDS = ["ViewPosition"]
_PAGE = 200
_MOST_NEW = 20_000
"""Series of one look at an archive."""


def client_of(peer: Peer) -> DICOMwebClient:
    """A client that asks once: trying again is the ledger's business."""
    client = DICOMwebClient(
        url=peer.dicomweb_url.rstrip("/"),
        session=session_of(peer),
        permissive_uid=True,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
    )
    client.set_http_retry_params(retry=False)
    return client


@asking
def search_studies(peer: Peer, query: StudyQuery) -> list[FoundStudy]:
    """The studies that match and may have radiographs, newest first; one more than MOST_STUDIES at most."""
    answers = client_of(peer).search_for_studies(
        search_filters=query.keys(), fields=_STUDY_FIELDS, limit=MOST_STUDIES * 4
    )
    return shown_studies(_datasets(answers), query)


@asking
def radiographs_of(peer: Peer, study: str) -> list[FoundRadiograph]:
    """The radiographs of a study, at most MOST_RADIOGRAPHS."""
    client, found = client_of(peer), list[FoundRadiograph]()
    for series in _datasets(client.search_for_series(study, fields=_SERIES_FIELDS, limit=_PAGE)):
        if str(series.get("Modality", "")) not in MODALITIES:
            continue
        answers = client.search_for_instances(
            study, str(series.SeriesInstanceUID), fields=_INSTANCE_FIELDS, limit=MOST_RADIOGRAPHS
        )
        rows = (found_radiograph(answer, series, study) for answer in _datasets(answers))
        found += [row for row in rows if row and (row.sop_class_uid in RADIOGRAPHS or not row.sop_class_uid)]
        if len(found) >= MOST_RADIOGRAPHS:
            break
    return found[:MOST_RADIOGRAPHS]


@asking
def series_since(peer: Peer, first_day: date, last_day: date | None = None) -> Iterator[Dataset]:
    """Every series of radiographs of the studies from that day on, or of both days and those between."""
    client = client_of(peer)
    found: list[Dataset] = []
    for modality in MODALITIES:
        filters = {"Modality": modality, "StudyDate": day_range(first_day, last_day)}
        for offset in range(0, _MOST_NEW, _PAGE):
            answers = client.search_for_series(
                search_filters=filters, fields=_SERIES_FIELDS, limit=_PAGE, offset=offset
            )
            found += _datasets(answers)
            if len(answers) < _PAGE:
                break
    return iter(found)


@asking
def heads_of_series(peer: Peer, study: str, series: str) -> list[InstanceHead]:
    """The radiographs of a series, for the ledger."""
    client, heads, offset = client_of(peer), list[InstanceHead](), 0
    while offset < _MOST_NEW:
        answers = client.search_for_instances(study, series, limit=_PAGE, offset=offset)
        for answer in _datasets(answers):
            answer.StudyInstanceUID, answer.SeriesInstanceUID = study, series
            heads.append(head_of(answer))
        if len(answers) < _PAGE:
            break
        offset += _PAGE
    return [head for head in heads if head.sop_instance_uid and head.sop_class_uid in {"", *RADIOGRAPHS}]


@asking
def fetch_file(peer: Peer, instance: Instance | InstanceHead) -> bytes:
    """The file of a radiograph as the archive has it, whatever its transfer syntax."""
    address = f"{_address(peer, instance)}"
    kind = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    response = session_of(peer).get(address, headers={"Accept": kind})
    response.raise_for_status()
    content = _only_part(response.headers.get("Content-Type", ""), response.content)
    if len(content) > MAX_FILE_BYTES:
        raise ArchiveFault(gettext_noop("The file is larger than what can be read."), code="too-large")
    return content


@asking
def fetch_preview(peer: Peer, study: str, series: str, instance: str) -> bytes:
    """A picture of the radiograph, drawn by the archive."""
    found: bytes = client_of(peer).retrieve_instance_rendered(study, series, instance, media_types=("image/jpeg",))
    return found


@asking
def last_change(peer: Peer, since: int) -> int:
    """The number of the newest change in Orthanc; `since` where there is none after it."""
    address = f"{peer.changes_url.rstrip('/')}/changes"
    response = session_of(peer).get(address, params={"since": since, "limit": 1000})
    response.raise_for_status()
    return int(response.json()["Last"])


def _address(peer: Peer, instance: Instance | InstanceHead) -> str:
    study, series = instance.study_instance_uid, instance.series_instance_uid
    return f"{peer.dicomweb_url.rstrip('/')}/studies/{study}/series/{series}/instances/{instance.sop_instance_uid}"


def _datasets(answers: list[dict[str, Any]]) -> list[Dataset]:
    return [Dataset.from_json(answer) for answer in answers]


_BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?', re.IGNORECASE)


def _only_part(content_type: str, body: bytes) -> bytes:
    """The content of the first part of a multipart answer; the body where the archive sent the file as it is."""
    if content_type.partition(";")[0].strip().lower() == "application/dicom":
        return body
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise ValueError("no boundary")
    delimiter = b"--" + match[1].encode("ascii")
    start = body.index(b"\r\n\r\n", body.index(delimiter)) + 4
    return body[start : body.index(b"\r\n" + delimiter, start)]
