"""JPEG and PNG bytes, and decoded Pillow images of any mode, to one upright grey picture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

import numpy as np
from PIL import Image, ImageChops, ImageOps, ImageStat

from diagnosis.errors import RadiographRejected, gettext_noop

MAX_PIXELS = 40_000_000
MAX_SCANS = 100
"""Progressive JPEGs have about ten."""
_SCAN = re.compile(rb"\xff\xda\x00[\x08\x0a\x0c\x0e][\x01-\x04]")
_COLOUR_SAMPLE_SIDE = 1024
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class GreyPicture:
    """One decoded picture."""

    pixels: np.ndarray
    """(height, width) uint8, upright, read-only."""
    colourfulness: float
    """Mean over the pixels of max(R, G, B) - min(R, G, B), 0..255; 0 for a grey picture."""


def refuse_oversize(width: int, height: int) -> None:
    """Raise RadiographRejected where a picture of this declared size must not be decoded."""
    if width * height > MAX_PIXELS:
        raise RadiographRejected(
            gettext_noop(
                "The picture is %(width)d x %(height)d pixels; at most %(megapixels)d megapixels can be read."
            ),
            code="too-many-pixels",
            width=width,
            height=height,
            megapixels=MAX_PIXELS // 1_000_000,
        )


def refuse_many_scans(jpeg: bytes) -> None:
    """Raise RadiographRejected where a JPEG makes the decoder go over all its pixels again and again.

    A scan of 65 bytes costs 80 ms at 40 megapixels: without a limit a file of 50 MB could hold a processor for hours.
    """
    if sum(1 for _ in islice(_SCAN.finditer(jpeg), MAX_SCANS + 1)) > MAX_SCANS:
        raise RadiographRejected(
            gettext_noop("The JPEG was made to keep a computer busy; export it again."), code="many-scans"
        )


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


def grey_picture(image: Image.Image) -> GreyPicture:
    """Turn a loaded image of any mode into an upright grey picture.

    Colour becomes grey by Pillow's ITU-R 601-2 luma; transparent pixels lie on black, as on a viewing screen; 16-bit
    grey is stretched from its own minimum..maximum to 0..255, so that a ramp stays a ramp.
    """
    if image.mode.startswith("I"):
        grey, colourfulness = Image.fromarray(_stretched(np.asarray(image))), 0.0
        grey.info.update(image.info)
    else:
        image = _plain_mode(image)
        grey, colourfulness = _without_alpha(image), _colourfulness(image)
    return GreyPicture(read_only(np.asarray(_upright(grey))), colourfulness)


def _stretched(stored: np.ndarray) -> np.ndarray:
    lowest, highest = int(stored.min()), int(stored.max())
    levels = np.linspace(0, 255, highest - lowest + 1).round().astype(np.uint8)
    return levels_applied(stored, lowest, levels)


def levels_applied(stored: np.ndarray, lowest: int, levels: np.ndarray) -> np.ndarray:
    """Return `levels[stored - lowest]` as uint8."""
    shown = np.empty(stored.shape, np.uint8)
    for rows in row_blocks(stored):
        shown[rows] = levels[stored[rows].astype(np.intp) - lowest]
    return shown


def row_blocks(pixels: np.ndarray) -> Iterator[slice]:
    """Cut the rows into blocks: an index array over 40 MP at once would take 320 MB."""
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, pixels.shape[0], _ROWS_AT_ONCE))


def _plain_mode(image: Image.Image) -> Image.Image:
    """Resolve palettes, CMYK, 1-bit and single transparent colours: the result is L, LA, RGB or RGBA."""
    colour = image.mode not in ("1", "L", "LA")
    wanted = ("RGB" if colour else "L") + ("A" if image.has_transparency_data else "")
    return image if image.mode == wanted else image.convert(wanted)


def _without_alpha(image: Image.Image) -> Image.Image:
    grey = image.convert("L")
    return ImageChops.multiply(grey, image.getchannel("A")) if image.mode.endswith("A") else grey


def _colourfulness(image: Image.Image) -> float:
    if not image.mode.startswith("RGB"):
        return 0.0
    red, green, blue = image.reduce(max(1, max(image.size) // _COLOUR_SAMPLE_SIDE)).split()[:3]
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    return float(ImageStat.Stat(ImageChops.subtract(brightest, darkest)).mean[0])


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # unreadable EXIF raises anything at all; the picture itself is sound and shown as stored
        return image


def read_only(pixels: np.ndarray) -> np.ndarray:
    """Return the pixels as a contiguous array that nobody downstream can change."""
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    return pixels
