"""What is asked of an archive and what it answers: studies and radiographs, by DICOMweb or C-FIND alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from pydicom.dataset import Dataset

from diagnosis.imaging.acquisition import acquired_at
from diagnosis.imaging.dicom_details import person_name, tag_date
from diagnosis.imaging.tag_texts import tag_text
from diagnosis.models.fields import search_key
from diagnosis.models.studies import moment_of
from pacs.heads import MODALITIES, is_uid

MOST_STUDIES = 50
MOST_RADIOGRAPHS = 40


@dataclass(frozen=True)
class StudyQuery:
    """Empty: everything. Texts are the beginning of what is looked for."""

    patient_number: str = ""
    patient_name: str = ""
    accession_number: str = ""
    first_day: date | None = None
    last_day: date | None = None
    study_instance_uid: str = ""

    @property
    def is_empty(self) -> bool:
        return self == StudyQuery()

    def keys(self) -> dict[str, str]:
        """Keyword and value of each matching key (PS3.4, C.2.2.2)."""
        found = {
            "PatientID": self.patient_number,
            "PatientName": _starting(self.patient_name),
            "AccessionNumber": self.accession_number,
            "StudyDate": day_range(self.first_day, self.last_day),
            "StudyInstanceUID": self.study_instance_uid,
        }
        return {keyword: value for keyword, value in found.items() if value}


def _starting(name: str) -> str:
    """A name as archives match it: its parts in order, each from its beginning. Never wildcards of a person's own.

    Archives disagree about the encoding of a query, so that any other letter than ASCII's is asked for as anything.
    """
    plain = "".join(" " if letter in "*?\\^=," else letter for letter in name)
    words = "".join(letter if letter.isascii() else "*" for letter in plain).split()
    return "*".join([*words, ""]).replace("**", "*") if words else ""


def is_named(study: FoundStudy, name: str) -> bool:
    """Whether the study's name begins as asked, where the archive was asked for less than that."""
    return name.isascii() or search_key(study.patient_name).startswith(search_key(name))


def day_range(first: date | None, last: date | None) -> str:
    """20260101-20260131, open where one is missing; nothing where both are."""
    if not first and not last:
        return ""
    return "-".join(f"{day:%Y%m%d}" if day else "" for day in (first, last))


@dataclass(frozen=True)
class FoundStudy:
    """One study in an archive, as a list shows it."""

    study_instance_uid: str
    patient_number: str
    patient_name: str
    birth_date: date | None
    accession_number: str
    description: str
    modalities: str
    acquired: datetime | None
    day: date | None


@dataclass(frozen=True)
class FoundRadiograph:
    """One radiograph of a study in an archive."""

    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    sop_class_uid: str
    modality: str
    description: str
    body_part: str
    view: str


def found_study(answer: Dataset) -> FoundStudy | None:
    """None where the answer names no study."""
    study = tag_text(answer, "StudyInstanceUID")
    if not is_uid(study):
        return None
    modalities = tag_text(answer, "ModalitiesInStudy").replace("\\", " ")
    return FoundStudy(
        study_instance_uid=study,
        patient_number=tag_text(answer, "PatientID"),
        patient_name=person_name(tag_text(answer, "PatientName")),
        birth_date=tag_date(tag_text(answer, "PatientBirthDate")),
        accession_number=tag_text(answer, "AccessionNumber"),
        description=tag_text(answer, "StudyDescription"),
        modalities=modalities,
        acquired=moment_of(acquired_at(answer)),
        day=tag_date(tag_text(answer, "StudyDate")),
    )


def found_radiograph(answer: Dataset, series: Dataset, study: str) -> FoundRadiograph | None:
    """None where the answer names no instance."""
    instance = tag_text(answer, "SOPInstanceUID")
    uid_of_series = tag_text(answer, "SeriesInstanceUID") or tag_text(series, "SeriesInstanceUID")
    if not is_uid(instance) or not is_uid(uid_of_series):
        return None
    return FoundRadiograph(
        sop_instance_uid=instance,
        series_instance_uid=uid_of_series,
        study_instance_uid=study,
        sop_class_uid=tag_text(answer, "SOPClassUID"),
        modality=(tag_text(answer, "Modality") or tag_text(series, "Modality")).upper(),
        description=tag_text(series, "SeriesDescription"),
        body_part=tag_text(series, "BodyPartExamined"),
        view=tag_text(answer, "ViewPosition"),
    )


def shown_studies(answers: Iterable[Dataset], query: StudyQuery) -> list[FoundStudy]:
    """Those that may have radiographs, newest first; one more than MOST_STUDIES at most."""
    found = [study for study in map(found_study, answers) if study and has_radiographs(study)]
    named = [study for study in found if is_named(study, query.patient_name)]
    return sorted(named, key=lambda study: study.day or date.min, reverse=True)[: MOST_STUDIES + 1]


def has_radiographs(study: FoundStudy) -> bool:
    """An archive that does not say which modalities a study has is believed to have some."""
    return not study.modalities or any(modality in study.modalities.split() for modality in MODALITIES)
