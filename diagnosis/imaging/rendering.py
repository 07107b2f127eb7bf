"""Pictures for people: display copy, full size and thumbnail, each without metadata, and the coloured heat map."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diagnosis.imaging.own_outputs import heat_palette, own_mark

DISPLAY_SIDE = 2048
# Fifty of them and their page stay under 300 kB. The radiographs that the model learnt from take 3 kB each.
THUMBNAIL_SIDE = 160
THUMBNAIL_BYTES = 4000
_THUMBNAIL_TRIES = ((THUMBNAIL_SIDE, 75), (THUMBNAIL_SIDE, 50), (THUMBNAIL_SIDE, 30))
_THUMBNAIL_OF_NOISE = (THUMBNAIL_SIDE // 2, 50)
HEAT_MAP_SIDE = 448


def shown_size(width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels of the copy that `display_jpeg` makes of a radiograph of this size."""
    scale = min(1, DISPLAY_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def full_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The radiograph, (height, width) uint8, as a JPEG of all its pixels."""
    return _encoded(Image.fromarray(pixels), "JPEG", quality=90)


def display_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The radiograph, (height, width) uint8, as a JPEG of at most DISPLAY_SIDE pixels a side."""
    return _jpeg(pixels, side=DISPLAY_SIDE, quality=90)  # optimize: 5 % smaller, for three times the time


def thumbnail_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """The radiograph, (height, width) uint8, as a JPEG of at most THUMBNAIL_SIDE pixels a side and THUMBNAIL_BYTES."""
    for side, quality in _THUMBNAIL_TRIES:
        if len(copy := _jpeg(pixels, side=side, quality=quality, optimize=True)) <= THUMBNAIL_BYTES:
            return copy
    side, quality = _THUMBNAIL_OF_NOISE
    return _jpeg(pixels, side=side, quality=quality, optimize=True)


def heat_map_to_png(heat_map: NDArray[np.float32]) -> bytes:
    """Store (rows, cols) values in 0..1 as a grey PNG of as many pixels: 0 is black, 1 is white."""
    levels = np.rint(np.clip(np.nan_to_num(heat_map), 0, 1) * 255).astype(np.uint8)
    return _encoded(Image.fromarray(levels), "PNG")


def coloured_heat_map(stored: bytes, *, width: int, height: int) -> bytes:
    """Draw a stored heat map, enlarged smoothly, as a PNG: no evidence is transparent, the most is yellow.

    The picture has the proportions of the radiograph (`width`, `height` in pixels), and so lies exactly over it. It
    holds the 256 levels and the colour of each (a palette), which is drawn eight times as fast as the colours.
    """
    scale = HEAT_MAP_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    with Image.open(io.BytesIO(stored), formats=("PNG",)) as grid:
        large = grid.convert("L").resize(size, Image.Resampling.BICUBIC)
    colours, opacities = heat_palette()
    large.putpalette(colours)
    return _encoded(large, "PNG", transparency=opacities, pnginfo=own_mark())


def _jpeg(pixels: NDArray[np.uint8], *, side: int, quality: int, optimize: bool = False) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _encoded(image, "JPEG", quality=quality, optimize=optimize)


def _encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, picture_format, **options)
    return buffer.getvalue()
