"""The gate refuses what is not a chest radiograph: photograph, strip, noise, other modality or body part. Rules only.

The limits are far from any real radiograph: of the 11,910 of the development data they refuse none
(docs/decisions/0010-reading-radiographs.md). A picture that no rule refuses need not be a chest.
"""

from datetime import date

import numpy as np
from PIL import Image

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.radiograph import DicomDetails, Radiograph
from diagnosis.imaging.view_tags import ViewTags

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

MAX_PAPER = 0.88
"""Share of white pixels; the largest seen was 0.85, a film in a white frame."""

_MOST_PIXELS = 0.98
_PAPER = 250
_SAMPLE_SIDE = 64
_MODALITIES = {"", "CR", "DX", "RG", "OT", "SC"}
"""RG is film; secondary captures call themselves OT, SC or nothing."""
CHILD_BELOW = 16
"""Years; the model learned from adults, and the children it saw came from one hospital."""
MIN_LEVELS = 16
"""Grey levels in the picture; a page of text or a drawing has few, the smallest number seen was 38."""


def check_assessable(radiograph: Radiograph) -> None:
    """Raise RadiographRejected, with the reason, where no model should be asked about this picture."""
    if radiograph.dicom:
        _check_modality(radiograph.dicom)
        check_age(radiograph.dicom.patient_birth_date, radiograph.dicom.study_date)
    _check_body_part(radiograph.view)
    _check_view(radiograph.view)
    _check_shape(*radiograph.pixels.shape)
    _check_colour(radiograph.colourfulness)
    image = Image.fromarray(radiograph.pixels)
    sample = np.asarray(image.resize((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.BOX), np.float64)
    _check_contrast(sample)
    _check_smoothness(sample)
    counts = np.array(image.histogram())
    _check_levels(counts)
    _check_paper(counts)


def _check_modality(details: DicomDetails) -> None:
    if details.modality not in _MODALITIES:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: the DICOM modality is %(modality)s, not CR or DX."),
            code="modality",
            modality=details.modality[:64],
        )


def _check_body_part(view: ViewTags) -> None:
    if view.other_part:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: the DICOM body part is %(part)s, not the chest."),
            code="body-part",
            part=view.other_part[:64],
        )


def _check_view(view: ViewTags) -> None:
    if view.other_view:
        raise not_frontal(view.other_view[:64])


def not_frontal(view: str) -> RadiographRejected:
    """The refusal of a lateral or oblique radiograph, no matter what says so."""
    return RadiographRejected(
        gettext_noop(
            "The picture cannot be assessed: the view is %(view)s, and the model is for frontal ones (PA, AP)."
        ),
        code="view",
        view=view,
    )


def check_age(born: date | None, taken: date | None) -> None:
    """Raise RadiographRejected for a person who was younger than 16 on the day of the radiograph.

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


def _check_levels(counts: np.ndarray) -> None:
    """Black and white, or a drawing of a few greys; some noise of a JPEG around them does not make them more.

    counts: (256,) pixels of each level.
    """
    levels = int(np.searchsorted(np.cumsum(np.sort(counts)[::-1]), _MOST_PIXELS * counts.sum())) + 1
    if levels < MIN_LEVELS:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it has only %(levels)d grey levels, like a drawing."),
            code="few-levels",
            levels=levels,
        )


def _check_paper(counts: np.ndarray) -> None:
    """A page of a report or of a book: mostly white. counts: (256,) pixels of each level."""
    if counts[_PAPER:].sum() / counts.sum() > MAX_PAPER:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it is a page of a document. Upload the radiograph itself."),
            code="document",
        )


def _check_contrast(sample: np.ndarray) -> None:
    darkest, brightest = np.percentile(sample, (5, 95))
    if brightest - darkest < MIN_CONTRAST:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it has almost no contrast."), code="constant"
        )


def _check_smoothness(sample: np.ndarray) -> None:
    across = np.corrcoef(sample[:, 1:].ravel(), sample[:, :-1].ravel())[0, 1]
    down = np.corrcoef(sample[1:].ravel(), sample[:-1].ravel())[0, 1]
    if min(across, down) < MIN_SMOOTHNESS:
        raise RadiographRejected(
            gettext_noop("The picture cannot be assessed: it is noise rather than a picture."), code="noise"
        )
