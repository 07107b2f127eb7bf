"""Inverted, or not for viewing: Photometric Interpretation, Presentation LUT Shape and Intent, intensity sign.

Dense tissue must be bright.
"""

from pydicom import uid
from pydicom.dataset import Dataset

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.tag_numbers import tag_number
from diagnosis.imaging.tag_texts import tag_text


def refuse_raw_data(dataset: Dataset) -> None:
    """Raise RadiographRejected for what a detector measured and nobody has made a picture of yet (For Processing)."""
    is_raw_kind = str(dataset.get("SOPClassUID", "")) == uid.DigitalXRayImageStorageForProcessing
    if is_raw_kind or "PROCESSING" in tag_text(dataset, "PresentationIntentType").upper():
        raise RadiographRejected(
            gettext_noop(
                "The DICOM file holds raw data of the detector (For Processing), which are not for viewing; "
                "export the picture For Presentation."
            ),
            code="dicom-raw",
        )


def refuse_test_image(dataset: Dataset) -> None:
    """Raise RadiographRejected for pictures of phantoms (Quality Control Image)."""
    if tag_text(dataset, "QualityControlImage").upper() == "YES":
        raise RadiographRejected(
            gettext_noop("The DICOM file holds a test image of the device (Quality Control Image), not a patient's."),
            code="dicom-test-image",
        )


def is_inverted(dataset: Dataset) -> bool:
    """Whether low values are to be shown bright. Raises RadiographRejected where the tags contradict each other.

    MONOCHROME1 says so, and so does the shape INVERSE, which stands with it (PS3.3 C.8.11.3.1.2).
    """
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    shape = tag_text(dataset, "PresentationLUTShape").upper()
    if shape in ("INVERSE", "IDENTITY") and (shape == "INVERSE") != inverted:
        raise _contradiction()
    if not shape and is_dense_dark(dataset):
        raise _contradiction()
    return inverted


def is_dense_dark(dataset: Dataset) -> bool:
    """Whether dense tissue would be dark by the intensity sign: high values mean it (-1), or little of it (1).

    With a shape no tag contradicts another, and the picture tells (`doubts`).
    """
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    sign = tag_number(dataset, "PixelIntensityRelationshipSign")
    return sign in (1, -1) and (sign == 1) != inverted


def _contradiction() -> RadiographRejected:
    return RadiographRejected(
        gettext_noop(
            "The DICOM file contradicts itself: its tags disagree on whether dense tissue is bright or dark. "
            "Export it again."
        ),
        code="dicom-contradiction",
    )
