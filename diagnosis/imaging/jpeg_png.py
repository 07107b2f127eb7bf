"""JPEG and PNG → grey picture."""

from io import BytesIO

from PIL import Image

from diagnosis.errors import RadiographRejected, gettext_noop
from diagnosis.imaging.grey import GreyPicture, grey_picture
from diagnosis.imaging.limits import refuse_many_scans, refuse_oversize


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
        image.load()
        return grey_picture(image)


def _refuse_several_pictures(image: Image.Image) -> None:
    if image.format not in ("JPEG", "PNG") or getattr(image, "n_frames", 1) > 1:
        raise RadiographRejected(
            gettext_noop("The file holds several pictures or an animation; upload one still picture."),
            code="several-pictures",
        )


def _verify_checksums(content: bytes) -> None:
    """Pillow does not compare the checksums of PNG pixel data while it decodes; `verify` does, and does not decode."""
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        image.verify()
