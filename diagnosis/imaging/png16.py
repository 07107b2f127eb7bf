"""PNG pictures of 16 bits a channel in all their bits: Pillow keeps only the upper half of those with colour or alpha.

Pillow stays the only decoder: it is asked twice, for the upper and for the lower bytes.
"""

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

_HALVES = ("16B", "16L")
"""Pillow's names for "the first byte of two" and "the second byte of two"; a PNG's first one is the upper."""


def has_lost_bits(image: Image.Image) -> bool:
    """Whether this opened, not yet loaded, PNG has 16 bits a channel of which Pillow would keep 8."""
    return image.format == "PNG" and image.mode in ("RGB", "RGBA") and str(_tile(image)[3]).endswith(";16B")


def all_bits(content: bytes) -> np.ndarray:
    """Decode to (rows, columns, 3) uint16; what an alpha channel makes transparent lies on black."""
    upper, lower = (_half(content, half) for half in _HALVES)
    words = upper[..., :3].astype(np.uint16) << 8 | lower[..., :3]
    if upper.shape[2] == 4:
        words[upper[..., 3] < 128] = 0
    return words


def _half(content: bytes, half: str) -> np.ndarray:
    with Image.open(BytesIO(content), formats=("PNG",)) as image:
        codec, box, offset, _ = _tile(image)
        image.tile = [type(image.tile[0])(codec, box, offset, f"{image.mode};{half}")]
        return np.asarray(image)


def _tile(image: Image.Image) -> Any:
    return image.tile[0] if image.tile else ("", None, 0, "")
