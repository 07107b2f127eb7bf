"""Brings one DICOM object into an archive: STOW-RS where it has DICOMweb, else C-STORE. To be there is success."""

from __future__ import annotations

import json
import logging
import uuid
from io import BytesIO
from typing import Any

import pydicom
from django.utils.translation import gettext_noop
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from pacs.dimse import associated
from pacs.errors import ArchiveFault, archive_away
from pacs.models import Peer
from pacs.web_session import asking, credentials_refused, session_of

# They log UIDs; what goes wrong is in the outbox.
for _name in ("pynetdicom", "urllib3"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_DUPLICATE = 0x0111
_STORED = (0x0000, 0xB000, 0xB006, 0xB007, _DUPLICATE)
"""Success, the three warnings with which an archive keeps the object (PS3.4, B.2.3), and that it has it already."""
_FAILED_INSTANCES, _UID = "00081198", "00081155"


def deliver(peer: Peer, content: bytes, *, uid: str) -> None:
    """Raises ArchiveFault; without it the archive has the object with this SOP Instance UID."""
    if peer.has_dicomweb:
        _stow(peer, content, uid)
    else:
        _c_store(peer, content)


def _refused(status: object) -> ArchiveFault:
    text = gettext_noop("The archive refuses the object (status %(status)s).")
    return ArchiveFault(text, code="refused", status=status)


# --- STOW-RS --------------------------------------------------------------------------------------------------------


@asking
def _stow(peer: Peer, content: bytes, uid: str) -> None:
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + content + f"\r\n--{boundary}--\r\n".encode()
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    status, answer = _asked(peer, "POST", "studies", data=body, headers={"Content-Type": kind})
    if status in (401, 403):
        raise credentials_refused()
    if status in (200, 202) and not _names(answer, _FAILED_INSTANCES, uid):
        return
    if status in (200, 202, 409) and _is_there(peer, uid):
        return
    raise _refused(status)


def _is_there(peer: Peer, uid: str) -> bool:
    """Whether the archive has the object: some answer a second time with a failure."""
    status, answer = _asked(peer, "GET", "instances", params={"SOPInstanceUID": uid, "limit": "1"})
    return status == 200 and bool(answer)


def _asked(peer: Peer, method: str, path: str, **request: Any) -> tuple[int, Any]:
    """Status and JSON of the archive's answer; None where it is no JSON."""
    headers = {"Accept": "application/dicom+json"} | request.pop("headers", {})
    with session_of(peer) as session:
        answer = session.request(method, f"{peer.dicomweb_url.rstrip('/')}/{path}", headers=headers, **request)
    return answer.status_code, _json(answer.content)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _names(answer: Any, sequence: str, uid: str) -> bool:
    """Whether an answer (PS3.18, 10.5.3) names the object in this sequence."""
    items = (answer.get(sequence) or {}).get("Value", []) if isinstance(answer, dict) else []
    return any(uid in (item.get(_UID) or {}).get("Value", []) for item in items if isinstance(item, dict))


# --- C-STORE --------------------------------------------------------------------------------------------------------


def _c_store(peer: Peer, content: bytes) -> None:
    made = pydicom.dcmread(BytesIO(content))
    with associated(peer, made.SOPClassUID, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]) as association:
        answer = association.send_c_store(made)
    if "Status" not in answer:
        raise archive_away()
    if answer.Status not in _STORED:
        raise _refused(f"0x{answer.Status:04X}")
