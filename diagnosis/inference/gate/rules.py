"""The gate refuses what is not a chest radiograph: photograph, strip, noise, other modality or body part. Rules only.

The limits are far from any real radiograph: of the 11,910 of the development data they refuse none
(docs/decisions/0010-reading-radiographs.md). A picture that no rule refuses need not be a chest.
"""

from datetime import date

import numpy as np
from PIL import Image

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.dicom_details import DicomDetails
from diagnosis.imaging.radiograph import Radiograph

MIN_SIDE = 80
"""Pixels; the smallest real radiograph seen had 93."""
MAX_ASPECT = 4.0
"""Longer side over shorter; the largest seen was 2.6."""
MIN_CONTRAST = 16.0
"""Grey levels between the 5th and 95th percentile; the smallest seen was 34."""
MIN_SMOOTHNESS = 0.4
"""Correlation of neighbours in a 64 x 64 copy; the smallest seen was 0.73, noise has 0."""
MAX_COLOURFULNESS = 12.0
"""Mean channel spread; the largest seen was 0.8, of photographs 29 and 72."""

_SAMPLE_SIDE = 64
_MODALITIES = {"", "CR", "DX", "RG", "OT", "SC"}
"""RG is film; secondary captures call themselves OT, SC or nothing."""
_CHEST_WORDS = ("CHEST", "THORAX", "TORAX")
_LATERAL_VIEWS = {"LL", "RL", "LLD", "RLD", "LATERAL", "LAT", "LLO", "RLO", "LPO", "RPO", "LAO", "RAO"}
"""View positions (0018,5101) from the side or oblique."""
CHILD_BELOW = 16
"""Years; the model learned from adults, and the children it saw came from one hospital."""


def check_assessable(radiograph: Radiograph) -> None:
    """Raise RadiographRejected, with the reason, where no model should be asked about this picture."""
    if radiograph.dicom:
        _check_modality(radiograph.dicom)
        _check_body_part(radiograph.dicom)
        _check_view(radiograph.dicom)
        check_age(radiograph.dicom.patient_birth_date, radiograph.dicom.study_date)
    _check_shape(*radiograph.pixels.shape)
    _check_colour(radiograph.colourfulness)
    image = Image.fromarray(radiograph.pixels)
    sample = np.asarray(image.resize((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.BOX), np.float64)
    _check_contrast(sample)
    _check_smoothness(sample)


def _check_modality(details: DicomDetails) -> None:
    if details.modality not in _MODALITIES:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: the DICOM modality is %(modality)s, not CR or DX."),
            code="modality",
            modality=details.modality[:64],
        )


def _check_body_part(details: DicomDetails) -> None:
    part = details.body_part
    if part and ("SPINE" in part or not any(word in part for word in _CHEST_WORDS)):
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: the DICOM body part is %(part)s, not the chest."),
            code="body-part",
            part=part[:64],
        )


def _check_view(details: DicomDetails) -> None:
    if details.view_position in _LATERAL_VIEWS:
        raise RadiographRejected(
            gettext_noop(
                "The picture cannot be assessed: the DICOM view position is %(view)s, and only frontal radiographs "
                "(PA or AP) can be. Upload the frontal one."
            ),
            code="lateral",
            view=details.view_position[:64],
        )


def check_age(born: date | None, taken: date | None) -> None:
    """Raise RadiographRejected for somebody who was younger than 16 on the day of the radiograph.

    A date that is not known, or a study before the birth, says nothing.
    """
    if born is None or taken is None or taken < born:
        return
    if taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day)) < CHILD_BELOW:
        raise RadiographRejected(
            gettext_noop(
                "The picture cannot be assessed: by the birth date this is a child, and the model is for people of "
                "%(age)d years or older."
            ),
            code="child",
            age=CHILD_BELOW,
        )


def _check_shape(height: int, width: int) -> None:
    if min(height, width) < MIN_SIDE:
        raise RadiographRejected(
            gettext_noop(
                "The picture cannot be assessed: it is %(width)d x %(height)d pixels, and each side must have at "
                "least %(least)d."
            ),
            code="too-small",
            width=width,
            height=height,
            least=MIN_SIDE,
        )
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise RadiographRejected(
            gettext_noop(
                "The picture cannot be assessed: it is a strip of %(width)d x %(height)d pixels, which no chest "
                "radiograph is."
            ),
            code="strip",
            width=width,
            height=height,
        )


def _check_colour(colourfulness: float) -> None:
    if colourfulness > MAX_COLOURFULNESS:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it is a colour picture, not a radiograph."), code="colour"
        )


def _check_contrast(sample: np.ndarray) -> None:
    darkest, brightest = np.percentile(sample, (5, 95))
    if brightest - darkest < MIN_CONTRAST:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it shows next to no contrast."), code="constant"
        )


def _check_smoothness(sample: np.ndarray) -> None:
    across = np.corrcoef(sample[:, 1:].ravel(), sample[:, :-1].ravel())[0, 1]
    down = np.corrcoef(sample[1:].ravel(), sample[:-1].ravel())[0, 1]
    if min(across, down) < MIN_SMOOTHNESS:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it is noise rather than a picture."), code="noise"
        )
