"""The few values of a DICOM file that are kept, cleaned so that they can be stored and shown."""

from dataclasses import dataclass
from datetime import date, datetime

from pydicom import uid
from pydicom.dataset import Dataset

from diagnosis.imaging.acquisition import DEPARTMENT_TAGS, TIME_TAGS, acquired_at, requesting_department
from diagnosis.imaging.tag_texts import shown_line, tag_text

KEPT_TAGS = (
    "Modality",
    "BodyPartExamined",
    "AnatomicRegionSequence",
    "ViewPosition",
    "Laterality",
    "ImageLaterality",
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "AccessionNumber",
    "SpecificCharacterSet",
    *DEPARTMENT_TAGS,
    *TIME_TAGS,
)
"""Nothing else about the patient is even parsed."""


@dataclass(frozen=True)
class DicomDetails:
    """The only values that are kept of a DICOM file; texts are cleaned and empty where absent."""

    modality: str
    body_part: str
    view_position: str
    patient_id: str
    patient_name: str
    patient_birth_date: date | None
    patient_sex: str
    study_date: date | None
    accession_number: str
    laterality: str
    photometric_interpretation: str
    transfer_syntax: str
    requesting_department: str = ""
    acquired: str = ""
    """In ISO 8601; without an offset it is the site's time."""


def kept_details(dataset: Dataset, transfer_syntax: uid.UID) -> DicomDetails:
    """Read the kept tags; a value that is missing or makes no sense is empty or None, never an error."""
    return DicomDetails(
        modality=tag_text(dataset, "Modality").upper(),
        body_part=_body_part(dataset).upper(),
        view_position=tag_text(dataset, "ViewPosition").upper(),
        patient_id=tag_text(dataset, "PatientID"),
        patient_name=person_name(tag_text(dataset, "PatientName")),
        patient_birth_date=tag_date(tag_text(dataset, "PatientBirthDate")),
        patient_sex=tag_text(dataset, "PatientSex").upper(),
        study_date=tag_date(tag_text(dataset, "StudyDate")),
        accession_number=tag_text(dataset, "AccessionNumber"),
        laterality=(tag_text(dataset, "Laterality") or tag_text(dataset, "ImageLaterality")).upper(),
        photometric_interpretation=shown_line(dataset.PhotometricInterpretation),
        transfer_syntax=str(transfer_syntax),
        requesting_department=requesting_department(dataset),
        acquired=acquired_at(dataset),
    )


def _body_part(dataset: Dataset) -> str:
    """Body Part Examined, or where it is empty (DX may leave it out) the meaning of the anatomic region's code."""
    regions = dataset.get("AnatomicRegionSequence") or [Dataset()]
    return tag_text(dataset, "BodyPartExamined") or tag_text(regions[0], "CodeMeaning")


def person_name(value: str) -> str:
    """A person name as people write it: its alphabetic group, or the first other one, with spaces for carets."""
    groups = [shown_line(group.replace("^", " ")) for group in value.split("=", 3)[:3]]
    return next(filter(None, groups), "")


def tag_date(value: str) -> date | None:
    for form in ("%Y%m%d", "%Y.%m.%d"):
        try:
            return datetime.strptime(value, form).date()
        except ValueError:
            continue
    return None
