"""An audit entry as a DICOM audit message (PS3.15, A.5.1), the XML that a hospital's audit record repository reads.

Entries hold surrogate identifiers only, and so do the messages: people, studies and patients are named by their UUIDs.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, tostring

from audit.models import Action, AuditEntry


@dataclass(frozen=True)
class Code:
    """A coded concept: of DICOM's (DCM), or of this program (99COVIDXRAY)."""

    value: str
    meaning: str
    scheme: str = "DCM"


APPLICATION = Code("110100", "Application Activity")
AUTHENTICATION = Code("110114", "User Authentication")
SECURITY = Code("110113", "Security Alert")
INSTANCES_ACCESSED = Code("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED = Code("110104", "DICOM Instances Transferred")
STUDY_DELETED = Code("110105", "DICOM Study Deleted")
EXPORT = Code("110106", "Export")
IMPORT = Code("110107", "Import")
QUERY = Code("110112", "Query")
PATIENT_RECORD = Code("110110", "Patient Record")
_LOGIN, _LOGOUT = Code("110122", "Login"), Code("110123", "Logout")
_TYPES = {Action.SIGNED_IN: _LOGIN, Action.SIGN_IN_FAILED: _LOGIN, Action.SIGNED_OUT: _LOGOUT}

_EVENTS: dict[str, tuple[Code, str]] = {
    Action.SIGNED_IN: (AUTHENTICATION, "E"),
    Action.SIGN_IN_FAILED: (AUTHENTICATION, "E"),
    Action.SIGNED_OUT: (AUTHENTICATION, "E"),
    Action.LOCKED_OUT: (SECURITY, "E"),
    Action.RESULT_VIEWED: (INSTANCES_ACCESSED, "R"),
    Action.IMAGE_VIEWED: (INSTANCES_ACCESSED, "R"),
    Action.REPORT_VIEWED: (INSTANCES_ACCESSED, "R"),
    Action.PACS_VIEWED: (INSTANCES_ACCESSED, "R"),
    Action.ORIGINAL_DOWNLOADED: (EXPORT, "R"),
    Action.REPORT_OPENED: (EXPORT, "R"),
    Action.RESULTS_EXPORTED: (EXPORT, "R"),
    Action.PATIENT_EXPORTED: (EXPORT, "R"),
    Action.STUDY_DEIDENTIFIED: (EXPORT, "R"),
    Action.BACKUP_MADE: (EXPORT, "R"),
    Action.RESULTS_LISTED: (QUERY, "E"),
    Action.PATIENTS_LISTED: (QUERY, "E"),
    Action.PACS_SEARCHED: (QUERY, "E"),
    Action.PACS_LISTED: (QUERY, "E"),
    Action.STUDY_UPLOADED: (IMPORT, "C"),
    Action.PACS_FETCHED: (IMPORT, "C"),
    Action.RESULT_SENT: (INSTANCES_TRANSFERRED, "R"),
    Action.STUDY_ERASED: (STUDY_DELETED, "D"),
    Action.PATIENT_ERASED: (PATIENT_RECORD, "D"),
    Action.PATIENT_VIEWED: (PATIENT_RECORD, "R"),
    Action.PATIENT_EDITED: (PATIENT_RECORD, "U"),
    Action.PATIENTS_MERGED: (PATIENT_RECORD, "U"),
    Action.PATIENTS_UNMERGED: (PATIENT_RECORD, "U"),
}
_SUCCESS, _MINOR_FAILURE = "0", "4"
_FAILURES = {Action.SIGN_IN_FAILED, Action.LOCKED_OUT, Action.UPLOAD_REFUSED}
_OF_STUDIES = {"study", "diagnosis", "report"}


def dicom_message(entry: AuditEntry, *, source: str) -> bytes:
    """UTF-8 XML in one line. source: the name of this installation at the collector."""
    message = Element("AuditMessage")
    _event(message, entry)
    _participant(message, entry)
    found = SubElement(message, "AuditSourceIdentification", AuditSourceID=source)
    SubElement(found, "AuditSourceTypeCode", {"csd-code": "4"})  # application server process
    for attributes, code, details in _objects(entry):
        _object(message, attributes, code, details)
    return b'<?xml version="1.0" encoding="UTF-8"?>' + tostring(message, encoding="utf-8")


def event_of(entry: AuditEntry) -> tuple[Code, str]:
    """What DICOM calls the action, and C, R, U, D or E; what it has no name for is activity of the application."""
    if entry.action in _EVENTS:
        return _EVENTS[entry.action]
    kind, change = entry.action.partition("-")[0], "U"
    if kind in ("account", "institution", "peer", "model"):
        return SECURITY, "E"
    if kind == "study":
        return INSTANCES_ACCESSED, change
    return APPLICATION, "E"


def _event(message: Element, entry: AuditEntry) -> None:
    code, action = event_of(entry)
    attributes = {
        "EventActionCode": action,
        "EventDateTime": entry.time.astimezone(UTC).isoformat(timespec="milliseconds"),
        "EventOutcomeIndicator": _MINOR_FAILURE if entry.action in _FAILURES else _SUCCESS,
    }
    event = SubElement(message, "EventIdentification", attributes)
    _code(event, "EventID", code)
    if entry.action in _TYPES:
        _code(event, "EventTypeCode", _TYPES[Action(entry.action)])
    _code(event, "EventTypeCode", Code(entry.action, str(Action(entry.action).name), "99COVIDXRAY"))


def _participant(message: Element, entry: AuditEntry) -> None:
    """The person, or the program itself for what comes from the command line or from a stranger."""
    user = str(entry.actor) if entry.actor else "covidxray"
    SubElement(message, "ActiveParticipant", UserID=user, UserIsRequestor="true")


Details = dict[str, str]


def _objects(entry: AuditEntry) -> Iterator[tuple[dict[str, str], Code, Details]]:
    """The entry itself comes first: its place in the chain, by which the collector sees a gap."""
    chain = {"sequence": str(entry.sequence), "hash": entry.hash, "previous": entry.previous, "request": entry.request}
    chain |= {f"detail-{name}": str(value) for name, value in entry.detail.items()}
    if entry.institution:
        chain["institution"] = str(entry.institution)
    log = {"ParticipantObjectTypeCode": "2", "ParticipantObjectTypeCodeRole": "13"}
    yield {**log, "ParticipantObjectID": str(entry.sequence)}, Code("12", "URI", "RFC-3881"), chain
    if entry.patient:
        patient = {"ParticipantObjectTypeCode": "1", "ParticipantObjectTypeCodeRole": "1"}
        yield {**patient, "ParticipantObjectID": str(entry.patient)}, Code("2", "Patient Number", "RFC-3881"), {}
    if entry.subject:
        is_study = entry.subject_kind in _OF_STUDIES
        role = {"ParticipantObjectTypeCode": "2", "ParticipantObjectTypeCodeRole": "3" if is_study else "11"}
        code = Code(entry.subject_kind, entry.subject_kind, "99COVIDXRAY")
        yield {**role, "ParticipantObjectID": str(entry.subject)}, code, {}


def _object(message: Element, attributes: dict[str, str], code: Code, details: Details) -> None:
    found = SubElement(message, "ParticipantObjectIdentification", attributes)
    _code(found, "ParticipantObjectIDTypeCode", code)
    SubElement(found, "ParticipantObjectName").text = attributes["ParticipantObjectID"]
    for name, value in details.items():
        if value:
            SubElement(found, "ParticipantObjectDetail", type=name, value=_base64(value))


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


def _code(parent: Element, name: str, code: Code) -> None:
    attributes = {"csd-code": code.value, "codeSystemName": code.scheme, "originalText": code.meaning}
    SubElement(parent, name, attributes)
