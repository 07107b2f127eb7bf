"""JPEG and PNG → grey picture."""

from dataclasses import replace
from io import BytesIO

from PIL import Image

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.grey import GreyPicture, grey_colours, grey_picture, read_only, stretched_levels
from diagnosis.imaging.jpeg_segments import check_jpeg
from diagnosis.imaging.limits import refuse_oversize
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.own_outputs import refuse_own_output
from diagnosis.imaging.png16 import all_bits, has_lost_bits
from diagnosis.imaging.png_chunks import check_png

_MOST_PREVIEWS = 4


def read_picture(content: bytes) -> GreyPicture:
    """Decode a whole JPEG or PNG; raise RadiographRejected for its size or for several pictures in one file.

    What Pillow raises on damaged bytes passes through: `read_radiograph` turns it into a refusal.
    """
    check_jpeg(content) if content.startswith(b"\xff\xd8") else check_png(content)
    with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as image:
        refuse_oversize(*image.size)
        _refuse_several_pictures(image, content)
        if has_lost_bits(image):
            words = all_bits(content)
            return grey_colours(words) if words.ndim == 3 else GreyPicture(read_only(stretched_levels(words)), 0.0)
        image.load()
        refuse_own_output(image)
        picture = grey_picture(image)
        return replace(picture, notes=(ReadingNote.SECOND_PICTURE,)) if image.format == "MPO" else picture


def _refuse_several_pictures(image: Image.Image, content: bytes) -> None:
    if image.format == "MPO" and _has_only_previews(image, content):
        return
    if image.format not in ("JPEG", "PNG") or getattr(image, "n_frames", 1) > 1:
        raise RadiographRejected(
            gettext_noop("The file holds several pictures or an animation; upload one still picture."),
            code="several-pictures",
        )


def _has_only_previews(image: Image.Image, content: bytes) -> bool:
    """Whether the pictures behind the first are smaller: what a phone adds for its own use (MPO), no second view."""
    width, height = image.size
    sizes = []
    for start in getattr(image, "_MpoImageFile__mpoffsets", [])[1 : _MOST_PREVIEWS + 2]:
        check_jpeg(content[start:])
    for frame in range(1, min(getattr(image, "n_frames", 1), _MOST_PREVIEWS + 2)):
        image.seek(frame)
        sizes.append(image.size)
    image.seek(0)
    return len(sizes) <= _MOST_PREVIEWS and all(2 * wide * high <= width * height for wide, high in sizes)
