"""Real chests for the served model, whose gate refuses made-up pictures."""

import io
import secrets

import numpy as np
from data_store import DataStore
from PIL import Image

from diagnosis.imaging.radiograph import read_radiograph


def chest_pixels() -> np.ndarray:
    """A frontal radiograph of an adult, 8 bits, from pydicom's public files."""
    return read_radiograph((DataStore().data_path / "RG1_UNCR.dcm").read_bytes()).pixels


def new_chest(side: int | None = None) -> bytes:
    """That radiograph as no one has uploaded it yet: a little lighter or darker, so that its answer is another, too.

    side: make it that many pixels high and wide, where decoding should take little time.
    """
    picture = Image.fromarray(chest_pixels())
    levels = np.asarray(picture.resize((side, side)) if side else picture, np.float32) / 255
    pixels = (255 * levels ** (0.9 + secrets.randbelow(2000) / 10_000)).round().astype(np.uint8)
    pixels[:4, :4] = np.frombuffer(secrets.token_bytes(16), np.uint8).reshape(4, 4)
    return as_png(pixels)


def as_png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
