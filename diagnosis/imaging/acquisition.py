"""When a radiograph was taken and who asked for it: acquisition time and requesting department of a DICOM file."""

import re
from datetime import date, datetime, time, timedelta, timezone

from pydicom.dataset import Dataset

from diagnosis.imaging.tag_texts import tag_text

DEPARTMENT_TAGS = ("RequestingService", "InstitutionalDepartmentName")
_MOMENTS = (
    ("AcquisitionDateTime", ""),
    ("AcquisitionDate", "AcquisitionTime"),
    ("ContentDate", "ContentTime"),
    ("StudyDate", "StudyTime"),
)
TIME_TAGS = ("TimezoneOffsetFromUTC", *(name for pair in _MOMENTS for name in pair if name and name != "StudyDate"))
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d{1,6})?([+-]\d{4})?\Z")
_OFFSET = re.compile(r"[+-]\d{4}\Z")


def requesting_department(dataset: Dataset) -> str:
    """The department that asked for the radiograph, else the one that took it, or nothing."""
    return next(filter(None, (tag_text(dataset, name) for name in DEPARTMENT_TAGS)), "")


def acquired_at(dataset: Dataset) -> str:
    """The moment of the exposure in ISO 8601, with an offset where the file says one; empty where it says no time."""
    offset = tag_text(dataset, "TimezoneOffsetFromUTC")
    for day, hour in _MOMENTS:
        text = tag_text(dataset, day) + (tag_text(dataset, hour) if hour else "")
        if moment := _moment(text, offset):
            return moment.isoformat()
    return ""


def _moment(text: str, offset: str) -> datetime | None:
    """YYYYMMDDHHMM[SS][.f][±hhmm], with the offset of the file where it has none of its own."""
    match = _MOMENT.match(text)
    if not match:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    try:
        local = datetime.combine(date(year, month, day), time(hour, minute, min(int(match[6] or 0), 59)))
        return local.replace(tzinfo=_zone(match[7] or offset))
    except (ValueError, OverflowError):
        return None


def _zone(offset: str) -> timezone | None:
    if not _OFFSET.match(offset):
        return None
    minutes = int(offset[1:3]) * 60 + int(offset[3:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
