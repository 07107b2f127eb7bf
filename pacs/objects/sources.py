"""What a radiograph's file says of its patient and study, for objects that go back into the same study.

Only the tags that are named here are parsed. A value that its type does not allow is left out; the three numbers by
which an archive finds patient and study are copied as they are.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag

from diagnosis.imaging.dicom_head import dicom_head, is_dicom
from diagnosis.imaging.tag_texts import tag_text
from diagnosis.imaging.wanted_elements import wanted_elements
from diagnosis.models import Study
from pacs.objects.identifiers import derived_uid

_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_CODE = re.compile(r"[A-Z0-9 _]{1,16}")
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_AGE = re.compile(r"\d{3}[DWMY]")
_LENGTHS = {"SH": 16, "LO": 64}
_NAME_GROUP = 64

_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_NUMBERS = ("PatientID", "StudyID", "AccessionNumber")
_NAMES = ("PatientName", "ReferringPhysicianName")
_TEXTS = {"IssuerOfPatientID": "LO", "StudyDescription": "LO"}
_DATES, _TIMES = ("PatientBirthDate", "StudyDate"), ("StudyTime",)
_CODES = ("PatientSex", "Modality", "Laterality", "ImageLaterality", "BurnedInAnnotation")
_WANTED = (*_UIDS, *_NUMBERS, *_NAMES, *_TEXTS, *_DATES, *_TIMES, *_CODES, "PatientAge", "SpecificCharacterSet")
_WANTED_TAGS = {int(Tag(keyword)) for keyword in _WANTED}


class NoStudy(Exception):
    """The file belongs to no study of an archive: a picture that was uploaded, or a file without its UIDs."""


@dataclass(frozen=True)
class Source:
    """The radiograph that a result is about."""

    header: Dataset
    """Patient, study and the radiograph's own UIDs, in UTF-8; every type 2 attribute is there, empty if need be."""

    @property
    def study_instance_uid(self) -> str:
        return str(self.header.StudyInstanceUID)

    @property
    def series_instance_uid(self) -> str:
        return str(self.header.SeriesInstanceUID)

    @property
    def sop_instance_uid(self) -> str:
        return str(self.header.SOPInstanceUID)


def source_of(study: Study) -> Source:
    """The head of a study's file. Raises NoStudy, and what the storage raises (FileNotFoundError)."""
    if study.format != "DICOM":
        raise NoStudy("the file is no DICOM file")
    with study.original.open("rb") as file:
        return read_source(file.read())


def read_source(content: bytes, *, stand_in: str = "") -> Source:
    """Read the head of a stored file. UIDs that it lacks are made from `stand_in`, if given, or it raises NoStudy."""
    if not is_dicom(content):
        raise NoStudy("the file is no DICOM file")
    head = dicom_head(content)
    wanted = wanted_elements(
        content,
        head.start,
        is_implicit=head.is_implicit,
        is_little_endian=head.is_little_endian,
        wanted=_WANTED_TAGS,
    )
    return Source(_header(read_dataset(BytesIO(wanted), head.is_implicit, head.is_little_endian), stand_in))


def _header(found: Dataset, stand_in: str) -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword in _UIDS:
        setattr(header, keyword, _uid(found, keyword, stand_in))
    for keyword in _NUMBERS:
        setattr(header, keyword, tag_text(found, keyword))
    for keyword in _NAMES:
        setattr(header, keyword, _name(tag_text(found, keyword)))
    for keyword in _DATES:
        setattr(header, keyword, _date(tag_text(found, keyword)))
    for keyword in _TIMES:
        setattr(header, keyword, _matching(_TIME, tag_text(found, keyword)))
    sex = tag_text(found, "PatientSex").upper()
    header.PatientSex = sex if sex in ("M", "F", "O") else ""
    _add_optional(header, found)
    return header


def _add_optional(header: Dataset, found: Dataset) -> None:
    """Type 3: present only where there is a value."""
    optional = {keyword: tag_text(found, keyword)[: _LENGTHS[vr]].strip() for keyword, vr in _TEXTS.items()}
    optional |= {keyword: _matching(_CODE, tag_text(found, keyword).upper()) for keyword in ("Modality",)}
    optional["PatientAge"] = _matching(_AGE, tag_text(found, "PatientAge").upper())
    side = (tag_text(found, "Laterality") or tag_text(found, "ImageLaterality")).upper()
    optional["Laterality"] = side if side in ("L", "R") else ""
    burnt_in = tag_text(found, "BurnedInAnnotation").upper()
    optional["BurnedInAnnotation"] = burnt_in if burnt_in in ("YES", "NO") else ""
    for keyword, value in optional.items():
        if value:
            setattr(header, keyword, value)


def _uid(found: Dataset, keyword: str, stand_in: str) -> str:
    value = tag_text(found, keyword)
    if len(value) <= 64 and _UID.fullmatch(value):
        return value
    if not stand_in:
        raise NoStudy(f"the file has no {keyword}")
    return derived_uid("stand-in", keyword, stand_in)


def _matching(pattern: re.Pattern[str], value: str) -> str:
    return value if pattern.fullmatch(value) else ""


def _date(value: str) -> str:
    for form in ("%Y%m%d", "%Y.%m.%d"):
        with suppress(ValueError):
            return datetime.strptime(value, form).strftime("%Y%m%d")
    return ""


def _name(value: str) -> str:
    """A person's name as it is written: at most three groups of five parts, each group of at most 64 characters."""
    groups = [_name_group(group) for group in value.replace("\\", " ").split("=")[:3]]
    return "=".join(groups).rstrip("=")


def _name_group(group: str) -> str:
    parts = [part.strip() for part in group.split("^")]
    whole = "^".join([*parts[:4], " ".join(parts[4:])] if len(parts) > 5 else parts)
    return whole[:_NAME_GROUP].rstrip("^ ")
