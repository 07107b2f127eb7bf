"""JPEG and PNG → grey picture."""

from dataclasses import replace
from io import BytesIO

from PIL import Image

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.grey import GreyPicture, grey_colours, grey_picture, read_only, stretched_levels
from diagnosis.imaging.limits import refuse_many_scans, refuse_oversize
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.own_outputs import refuse_own_output
from diagnosis.imaging.png16 import all_bits, has_lost_bits

_MOST_PREVIEWS = 4


def read_picture(content: bytes) -> GreyPicture:
    """Decode a whole JPEG or PNG; raise RadiographRejected for its size or for several pictures in one file.

    What Pillow raises on damaged bytes passes through: `read_radiograph` turns it into a refusal.
    """
    try:
        image = Image.open(BytesIO(content), formats=("JPEG", "PNG"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RadiographRejected(
            gettext_noop("The picture has far too many pixels to be read."), code="too-many-pixels"
        ) from error
    with image:
        refuse_oversize(*image.size)
        _refuse_several_pictures(image)
        if image.format == "PNG":
            _verify_checksums(content)
        else:
            refuse_many_scans(content)
        if has_lost_bits(image):
            words = all_bits(content)
            return grey_colours(words) if words.ndim == 3 else GreyPicture(read_only(stretched_levels(words)), 0.0)
        image.load()
        refuse_own_output(image)
        picture = grey_picture(image)
        return replace(picture, notes=(ReadingNote.SECOND_PICTURE,)) if image.format == "MPO" else picture


def _refuse_several_pictures(image: Image.Image) -> None:
    if image.format == "MPO" and _has_only_previews(image):
        return
    if image.format not in ("JPEG", "PNG") or getattr(image, "n_frames", 1) > 1:
        raise RadiographRejected(
            gettext_noop("The file holds several pictures or an animation; upload one still picture."),
            code="several-pictures",
        )


def _has_only_previews(image: Image.Image) -> bool:
    """Whether the pictures behind the first are smaller: what a phone adds for its own use (MPO), no second view."""
    width, height = image.size
    sizes = []
    for frame in range(1, min(getattr(image, "n_frames", 1), _MOST_PREVIEWS + 2)):
        image.seek(frame)
        sizes.append(image.size)
    image.seek(0)
    return len(sizes) <= _MOST_PREVIEWS and all(2 * wide * high <= width * height for wide, high in sizes)


def _verify_checksums(content: bytes) -> None:
    """Pillow does not compare the checksums of PNG pixel data while it decodes; `verify` does, and does not decode."""
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        image.verify()
