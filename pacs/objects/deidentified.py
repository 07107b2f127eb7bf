"""A radiograph without its patient: a new file with what its picture needs, and nothing else of the old one.

Kept is what an allow-list names (PS3.15, Basic Application Level Confidentiality Profile, checked with dicom-anonymizer
in the tests). UIDs and the patient's number are replaced by others that only this installation can make again, so that
two radiographs of a patient stay together. Text in the picture itself stays: only a person can judge that.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from io import BytesIO

import numpy as np
from django.conf import settings
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.valuerep import DSfloat

from diagnosis.imaging.decoding import stored_of_untrusted
from diagnosis.imaging.dicom import is_grey, read_tags
from diagnosis.imaging.tag_numbers import tag_numbers
from pacs.objects.common import IMPLEMENTATION
from pacs.objects.sources import Source, read_source

METHOD = "covidxray: allow-list of tags, picture encoded anew; text in the picture itself is not removed"
_KEPT = ("ViewPosition", "BodyPartExamined")
_NUMBERS = ("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth")
_SHADING = ("VOILUTFunction", "PresentationLUTShape")
_TABLES = ("ModalityLUTSequence", "VOILUTSequence")
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio")
_TABLE_TAGS = ("LUTDescriptor", "ModalityLUTType", "LUTData")
_NUMBER_LENGTH = 16


def deidentified(content: bytes) -> bytes:
    """A DICOM file (secondary capture, uncompressed) with the same stored values as a stored one.

    Raises NoStudy where it is no DICOM file, and RadiographRejected as reading it does.
    """
    source = read_source(content, stand_in=hashlib.sha256(content).hexdigest())
    stored, found = stored_of_untrusted(content), read_tags(content)
    made = _anonymous(source)
    for keyword in (*_KEPT, *_SPACINGS):
        _copy(found, made, keyword)
    if is_grey(found):
        _copy_shading(found, made)
    _set_pixels(made, stored, found)
    buffer = BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _anonymous(source: Source) -> Dataset:
    """Patient, study and series, all of them empty or replaced."""
    made = Dataset()
    made.SOPClassUID = uid.SecondaryCaptureImageStorage
    made.SOPInstanceUID = _replaced(source.sop_instance_uid)
    made.StudyInstanceUID, made.SeriesInstanceUID = map(
        _replaced, (source.study_instance_uid, source.series_instance_uid)
    )
    for keyword in ("PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber"):
        setattr(made, keyword, "")
    for keyword in ("ReferringPhysicianName", "StudyID", "SeriesNumber", "InstanceNumber", "PatientOrientation"):
        setattr(made, keyword, None)
    made.PatientID = _keyed(str(source.header.PatientID)).hex()[:_NUMBER_LENGTH]
    made.Modality = source.header.get("Modality", "OT")
    made.Laterality = source.header.get("Laterality", "")
    made.ConversionType, made.ImageType = "WSD", ["DERIVED", "SECONDARY"]
    made.PatientIdentityRemoved, made.DeidentificationMethod = "YES", METHOD
    made.DeidentificationMethodCodeSequence = [_profile()]
    made.LongitudinalTemporalInformationModified = "REMOVED"
    if burnt_in := source.header.get("BurnedInAnnotation"):
        made.BurnedInAnnotation = burnt_in
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    made.file_meta.ImplementationClassUID = IMPLEMENTATION
    return made


def _profile() -> Dataset:
    profile = Dataset()
    profile.CodeValue, profile.CodingSchemeDesignator = "113100", "DCM"
    profile.CodeMeaning = "Basic Application Confidentiality Profile"
    return profile


def _keyed(value: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"de-identified {value}".encode(), hashlib.sha256).digest()


def _replaced(value: str) -> str:
    """A UID that says nothing of the one that it replaces, and is the same each time (PS3.5, B.2)."""
    return f"2.25.{uuid.UUID(bytes=_keyed(value)[:16], version=4).int}"


def _copy(found: Dataset, made: Dataset, keyword: str) -> None:
    """A number or code of the picture, where it can be read and written."""
    try:
        value = found.get(keyword)
        if value not in (None, ""):
            setattr(made, keyword, value)
    except (ValueError, TypeError, OverflowError):
        return


def _copy_shading(found: Dataset, made: Dataset) -> None:
    """From stored values to grey levels; numbers as this program reads them, a decimal comma included."""
    for keyword in _NUMBERS:
        numbers = [DSfloat(number, auto_format=True) for number in tag_numbers(found, keyword) if number is not None]
        if numbers:
            setattr(made, keyword, numbers)
    for keyword in _SHADING:
        _copy(found, made, keyword)
    for keyword in _TABLES:
        _copy_tables(found, made, keyword)


def _copy_tables(found: Dataset, made: Dataset, keyword: str) -> None:
    """The tables alone: what explains them is text."""
    items = []
    for item in found.get(keyword) or []:
        table = Dataset()
        for name in _TABLE_TAGS:
            if name in item:
                table[name] = item[name]
        items.append(table)
    if items:
        setattr(made, keyword, items)


def _set_pixels(made: Dataset, stored: np.ndarray, found: Dataset) -> None:
    colours = str(found.PhotometricInterpretation)
    bits = stored.dtype.itemsize * 8
    made.Rows, made.Columns = stored.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, colours if is_grey(found) else "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, _bits_used(stored, found, bits), 0
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(stored.dtype.kind == "i")
    pixels = np.ascontiguousarray(stored.astype(stored.dtype.newbyteorder("<"))).tobytes()
    made.PixelData = pixels + b"\0" * (len(pixels) % 2)
    made["PixelData"].VR = "OW" if bits == 16 else "OB"


def _bits_used(stored: np.ndarray, found: Dataset, bits: int) -> int:
    """As the file says, where that holds all of its values: the range of a window without one depends on it."""
    said = int(found.get("BitsStored") or bits)
    low, high = (-(1 << said - 1), (1 << said - 1) - 1) if stored.dtype.kind == "i" else (0, (1 << said) - 1)
    return said if said <= bits and low <= int(stored.min()) and int(stored.max()) <= high else bits
