"""The head of a DICOM file for the ledger: its UIDs, modality, accession number, department, time of acquisition.

Only these elements are read; the picture is decoded later, in a process of its own, as of every upload.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import Tag

from accounts.normalise import normalised
from diagnosis.errors import RadiographRejected
from diagnosis.imaging.acquisition import DEPARTMENT_TAGS, TIME_TAGS, acquired_at, requesting_department
from diagnosis.imaging.dicom_head import dicom_head
from diagnosis.imaging.tag_texts import tag_text
from diagnosis.imaging.wanted_elements import wanted_elements
from diagnosis.models.patients import REFERENCE_KEY_LENGTH
from diagnosis.models.studies import moment_of
from pacs.services import InstanceHead

RADIOGRAPHS = frozenset({str(uid.ComputedRadiographyImageStorage), str(uid.DigitalXRayImageStorageForPresentation)})
"""The SOP classes that are classified. Everything else is taken and dropped: raw data, reports, other modalities."""
MODALITIES = ("CR", "DX")

_TAGS = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "Modality",
    "PatientID",
    "AccessionNumber",
    "StudyDate",
    *TIME_TAGS,
    *DEPARTMENT_TAGS,
)
_WANTED = {int(Tag(keyword)) for keyword in _TAGS}
_UID = re.compile(r"[0-9]+(\.[0-9]+)*\Z")


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
        reference_key=normalised(tag_text(dataset, "PatientID"))[:REFERENCE_KEY_LENGTH],
        requesting_department=requesting_department(dataset)[:64],
        acquired=moment_of(acquired_at(dataset)),
    )


def _uid_text(dataset: Dataset, keyword: str) -> str:
    text = tag_text(dataset, keyword)
    return text if is_uid(text) else ""
