"""PNG pictures of 16 bits a channel in all their bits: Pillow keeps only the upper half of those with colour or alpha.

Pillow stays the only decoder: it is asked twice, for the upper and for the lower bytes.
"""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

_HALVES = ("16B", "16L")
"""Pillow's names for "the first byte of two" and "the second byte of two"; a PNG's first one is the upper."""

_HALF_TRANSPARENT = 128


def has_lost_bits(image: Image.Image) -> bool:
    """Whether this opened, not yet loaded, PNG has 16 bits a channel of which Pillow would keep 8."""
    return image.format == "PNG" and image.mode in ("RGB", "RGBA") and str(_tile(image)[3]).endswith(";16B")


def all_bits(content: bytes) -> np.ndarray:
    """Decode to (rows, columns, 3) or (rows, columns) uint16; what an alpha channel makes transparent lies on black."""
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        has_colour = image.mode == "RGB" or not str(_tile(image)[3]).startswith("LA")
    if not has_colour:
        # Two words of two bytes each, which Pillow hands out as they are when it takes them for four channels.
        four = _decoded(content, "RGBA").astype(np.uint16)
        return np.where(four[..., 2] < _HALF_TRANSPARENT, 0, four[..., 0] << 8 | four[..., 1]).astype(np.uint16)
    upper, lower = (_decoded(content, f"{{mode}};{half}") for half in _HALVES)
    words = upper[..., :3].astype(np.uint16) << 8 | lower[..., :3]
    if upper.shape[2] == 4:
        words[upper[..., 3] < _HALF_TRANSPARENT] = 0
    return words


def _decoded(content: bytes, raw_mode: str) -> np.ndarray:
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        codec, box, offset, _ = _tile(image)
        tile = type(image.tile[0])(codec, box, offset, raw_mode.format(mode=image.mode))
        image.tile = [tile]
        return np.asarray(image)


def _tile(image: Image.Image) -> Any:
    tiles = getattr(image, "tile", [])
    return tiles[0] if tiles else ("", None, 0, "")
