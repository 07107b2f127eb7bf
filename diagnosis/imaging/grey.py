"""JPEG and PNG bytes, and decoded Pillow images of any mode, to one upright grey picture."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageOps, ImageStat

from diagnosis.imaging.levels import levels_applied, row_blocks
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.stretch import stretched, value_counts

_COLOUR_SAMPLE_SIDE = 1024
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R 601-2, as Pillow weighs the channels."""


@dataclass(frozen=True)
class GreyPicture:
    """One decoded picture."""

    pixels: np.ndarray
    """(height, width) uint8, upright, read-only."""
    colourfulness: float
    """Mean over the pixels of max(R, G, B) - min(R, G, B), 0..255; 0 for a grey picture."""
    notes: tuple[ReadingNote, ...] = ()
    """What of the file could not be used."""


def grey_picture(image: Image.Image) -> GreyPicture:
    """Turn a loaded image of any mode into an upright grey picture.

    Colour becomes grey by Pillow's ITU-R 601-2 luma; pixels that an alpha channel or a palette makes transparent lie on
    black, as on a viewing screen; grey of 16 bits is stretched as everything of more than 8 bits is.
    """
    if image.mode.startswith("I"):
        grey, colourfulness = Image.fromarray(stretched_levels(np.asarray(image))), 0.0
        grey.info.update(image.info)
    else:
        image = _plain_mode(image)
        grey, colourfulness = _without_alpha(image), _colourfulness(image)
    return GreyPicture(read_only(np.asarray(_upright(grey))), colourfulness)


def stretched_levels(stored: np.ndarray) -> np.ndarray:
    """(rows, columns) values of up to 16 bits to uint8, by the one stretch of such values."""
    lowest, highest = int(stored.min()), int(stored.max())
    values = np.arange(lowest, highest + 1)
    shown = stretched(values, value_counts(stored, lowest, highest))
    return levels_applied(stored, lowest, np.rint(shown.clip(0, 1) * 255).astype(np.uint8))


def grey_colours(stored: np.ndarray) -> GreyPicture:
    """(rows, columns, 3) uint16 red, green and blue to a grey picture, by the same stretch of their luma."""
    luma, spread = np.empty(stored.shape[:2], np.uint16), 0.0
    for rows in row_blocks(stored):
        block = stored[rows].astype(np.float32)
        luma[rows] = np.rint(block @ _LUMA)
        spread += float((block.max(axis=2) - block.min(axis=2)).sum())
    return GreyPicture(read_only(stretched_levels(luma)), 255 * spread / luma.size / max(int(luma.max()), 1))


def _plain_mode(image: Image.Image) -> Image.Image:
    """Resolve palettes, CMYK and 1-bit: the result is L, LA, RGB or RGBA.

    One grey level or colour that is called transparent (tRNS) is part of the radiograph, and stays what it is.
    """
    colour = image.mode not in ("1", "L", "LA")
    if image.mode != "P":
        image.info.pop("transparency", None)
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
    """Return the pixels as a contiguous array that no one downstream can change."""
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    return pixels
