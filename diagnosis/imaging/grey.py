"""JPEG and PNG bytes, and decoded Pillow images of any mode, to one upright grey picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageOps, ImageStat

_COLOUR_SAMPLE_SIDE = 1024
_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class GreyPicture:
    """One decoded picture."""

    pixels: np.ndarray
    """(height, width) uint8, upright, read-only."""
    colourfulness: float
    """Mean over the pixels of max(R, G, B) - min(R, G, B), 0..255; 0 for a grey picture."""


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
    """Return the pixels as a contiguous array that no one downstream can change."""
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    return pixels
