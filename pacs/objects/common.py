"""Common to all objects that are sent: patient, study, series, equipment, dates, coding scheme, file header."""

from __future__ import annotations

from io import BytesIO

from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

from diagnosis.imaging.own_outputs import OWN_MANUFACTURER
from pacs.objects.codes import OWN_SCHEME
from pacs.objects.identifiers import Kind, derived_uid, series_uid
from pacs.objects.sources import Source
from pacs.objects.statements import Statement

MANUFACTURER = OWN_MANUFACTURER
OWN_SCHEME_UID = derived_uid("coding scheme")
IMPLEMENTATION = uid.UID(derived_uid("implementation"))
_OPTIONAL = ("IssuerOfPatientID", "StudyDescription", "PatientAge")
_COPIED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"),
)
LONGEST_VERSION = 64


def new_object(
    source: Source, statement: Statement, *, kind: Kind, sop_class: uid.UID, modality: str, series: int
) -> Dataset:
    """A data set of this class in the radiograph's study, without what is its own."""
    made = Dataset()
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = statement.uid(source.sop_instance_uid, kind)
    made.Modality = modality
    made.SeriesInstanceUID = series_uid(source.sop_instance_uid, statement.weights_sha256, kind)
    made.SeriesNumber, made.InstanceNumber = series, statement.number
    made.SeriesDescription = "COVID-19 classification"
    for keyword in _COPIED:
        setattr(made, keyword, getattr(source.header, keyword))
    complete(made, source, statement)
    return made


def complete(made: Dataset, source: Source, statement: Statement) -> None:
    """Equipment, dates of the statement, character set and file header; and what only some radiographs say."""
    for keyword in _OPTIONAL:
        if keyword in source.header:
            setattr(made, keyword, getattr(source.header, keyword))
    made.SpecificCharacterSet = "ISO_IR 192"
    made.Manufacturer, made.ManufacturerModelName = MANUFACTURER, "covidxray"
    made.SoftwareVersions = statement.diagnosis.model_version.version[:LONGEST_VERSION]
    made.DeviceSerialNumber = statement.weights_sha256
    day, time = statement.made.strftime("%Y%m%d"), statement.made.strftime("%H%M%S")
    for name in ("InstanceCreation", "Content", "Series"):
        setattr(made, f"{name}Date", day)
        setattr(made, f"{name}Time", time)
    for library in made.get("ContributingEquipmentSequence", []):
        library.ContributionDateTime = day + time
    if made.SOPClassUID == uid.EnhancedSRStorage:
        made.CodingSchemeIdentificationSequence = [_own_scheme()]
    made.file_meta = _file_meta(made)
    made.preamble = b"\0" * 128


def _own_scheme() -> Dataset:
    scheme = Dataset()
    scheme.CodingSchemeDesignator = OWN_SCHEME
    scheme.CodingSchemeName = "covidxray"
    scheme.CodingSchemeUID = OWN_SCHEME_UID
    return scheme


def _file_meta(made: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = made.SOPClassUID, made.SOPInstanceUID
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta.ImplementationClassUID, meta.ImplementationVersionName = IMPLEMENTATION, "COVIDXRAY"
    return meta


def reference(source: Source) -> Dataset:
    """The radiograph, as other objects refer to it."""
    referred = Dataset()
    referred.ReferencedSOPClassUID = source.header.SOPClassUID
    referred.ReferencedSOPInstanceUID = source.header.SOPInstanceUID
    return referred


def as_file(made: Dataset) -> bytes:
    """The bytes of a DICOM file (PS3.10)."""
    buffer = BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
