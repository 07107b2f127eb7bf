"""The head of a DICOM file for the ledger: its UIDs, modality, accession number, department, time of acquisition.

Only these elements are read; the picture is decoded later, in a process of its own, as of every upload.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from io import BytesIO
from zoneinfo import ZoneInfo

from django.conf import settings
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag

from diagnosis.errors import RadiographRejected
from diagnosis.imaging.dicom_head import dicom_head
from diagnosis.imaging.tag_texts import tag_text
from diagnosis.imaging.wanted_elements import wanted_elements
from pacs.services import InstanceHead

RADIOGRAPHS = frozenset({str(uid.ComputedRadiographyImageStorage), str(uid.DigitalXRayImageStorageForPresentation)})
"""The SOP classes that are classified. Everything else is taken and dropped: raw data, reports, other modalities."""
MODALITIES = ("CR", "DX")

_DEPARTMENTS = ("RequestingService", "InstitutionalDepartmentName")
_TAGS = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "Modality",
    "AccessionNumber",
    "AcquisitionDateTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "ContentDate",
    "ContentTime",
    "StudyDate",
    "StudyTime",
    "TimezoneOffsetFromUTC",
    *_DEPARTMENTS,
)
_WANTED = {int(Tag(keyword)) for keyword in _TAGS}
_UID = re.compile(r"[0-9]+(\.[0-9]+)*\Z")
_TIMES = (("AcquisitionDateTime", ""), ("AcquisitionDate", "AcquisitionTime"), ("ContentDate", "ContentTime"))


def is_uid(text: str) -> bool:
    """At most 64 digits and full stops."""
    return len(text) <= 64 and bool(_UID.match(text))


def head_of_file(content: bytes) -> InstanceHead | None:
    """What the file says of itself; None where it cannot be read or has no SOP Instance UID."""
    try:
        head = dicom_head(content)
        syntax = {"is_implicit": head.is_implicit, "is_little_endian": head.is_little_endian}
        wanted = wanted_elements(content, head.start, wanted=_WANTED, **syntax)
        found = head_of(read_dataset(BytesIO(wanted), head.is_implicit, head.is_little_endian))
    except (RadiographRejected, ValueError, struct.error, KeyError, AttributeError, NotImplementedError):
        return None
    return found if is_uid(found.sop_instance_uid) else None


def head_of(dataset: Dataset) -> InstanceHead:
    """The same of a data set, such as an archive's answer."""
    return InstanceHead(
        sop_instance_uid=_uid_text(dataset, "SOPInstanceUID"),
        sop_class_uid=_uid_text(dataset, "SOPClassUID"),
        series_instance_uid=_uid_text(dataset, "SeriesInstanceUID"),
        study_instance_uid=_uid_text(dataset, "StudyInstanceUID"),
        modality=tag_text(dataset, "Modality").upper()[:16],
        accession_number=tag_text(dataset, "AccessionNumber")[:64],
        requesting_department=next(filter(None, (tag_text(dataset, name)[:64] for name in _DEPARTMENTS)), ""),
        acquired=acquired_at(dataset),
    )


def _uid_text(dataset: Dataset, keyword: str) -> str:
    text = tag_text(dataset, keyword)
    return text if is_uid(text) else ""


def acquired_at(dataset: Dataset) -> datetime | None:
    """When the exposure was made; None where the file does not say it, or says a moment that has not come yet."""
    offset = tag_text(dataset, "TimezoneOffsetFromUTC")
    for day, hour in (*_TIMES, ("StudyDate", "StudyTime")):
        text = tag_text(dataset, day) + (tag_text(dataset, hour) if hour else "")
        moment = _moment(text, offset)
        if moment and moment < datetime.now(UTC) + timedelta(days=1):
            return moment
    return None


_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d{1,6})?([+-]\d{4})?\Z")


def _moment(text: str, offset: str) -> datetime | None:
    """YYYYMMDDHHMM[SS][.f][±hhmm]; without an offset, in the time zone of the site."""
    match = _MOMENT.match(text)
    if not match:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second = min(int(match[6] or 0), 59)
    try:
        local = datetime.combine(date(year, month, day), time(hour, minute, second))
        return local.replace(tzinfo=_zone(match[7] or offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(offset: str) -> tzinfo:
    if not re.match(r"[+-]\d{4}\Z", offset):
        return ZoneInfo(settings.TIME_ZONE)
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
