"""The few values of a DICOM file that are kept, cleaned so that they can be stored and shown."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

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
)
"""Nothing else about the patient is even parsed."""
_MAX_TEXT = 300
_BIDIRECTIONAL_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


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


def kept_details(dataset: Dataset, transfer_syntax: uid.UID) -> DicomDetails:
    """Read the kept tags; a value that is missing or makes no sense is empty or None, never an error."""
    return DicomDetails(
        modality=shown_line(dataset.get("Modality")).upper(),
        body_part=_body_part(dataset).upper(),
        view_position=shown_line(dataset.get("ViewPosition")).upper(),
        patient_id=shown_line(dataset.get("PatientID")),
        patient_name=_person(dataset.get("PatientName")),
        patient_birth_date=_date(dataset.get("PatientBirthDate")),
        patient_sex=shown_line(dataset.get("PatientSex")).upper(),
        study_date=_date(dataset.get("StudyDate")),
        accession_number=shown_line(dataset.get("AccessionNumber")),
        laterality=shown_line(dataset.get("Laterality") or dataset.get("ImageLaterality")).upper(),
        photometric_interpretation=shown_line(dataset.PhotometricInterpretation),
        transfer_syntax=str(transfer_syntax),
    )


def _body_part(dataset: Dataset) -> str:
    """Body Part Examined, or where it is empty (DX may leave it out) the meaning of the anatomic region's code."""
    regions = dataset.get("AnatomicRegionSequence") or [Dataset()]
    return shown_line(dataset.get("BodyPartExamined")) or shown_line(regions[0].get("CodeMeaning"))


def shown_line(value: object) -> str:
    """One line of at most 300 characters without control, bidirectional-override or unassigned characters."""
    if isinstance(value, MultiValue):  # a backslash separates values in DICOM, but these tags have one each
        value = "\\".join(map(str, value))
    shown = "".join(character if _is_shown(character) else " " for character in str("" if value is None else value))
    return " ".join(shown.split())[:_MAX_TEXT].strip()


def _is_shown(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
        return False
    return unicodedata.bidirectional(character) not in _BIDIRECTIONAL_CONTROLS


def _person(value: object) -> str:
    """A person name as people write it: its alphabetic group, or the first other one, with spaces for carets."""
    groups = [shown_line(group.replace("^", " ")) for group in str("" if value is None else value).split("=")]
    return next(filter(None, groups), "")


def _date(value: object) -> date | None:
    for form in ("%Y%m%d", "%Y.%m.%d"):
        try:
            return datetime.strptime(shown_line(value), form).date()
        except ValueError:
            continue
    return None
