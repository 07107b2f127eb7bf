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


def new_chest() -> bytes:
    """That radiograph as a file that no one has uploaded yet: with other pixels in a corner."""
    pixels = chest_pixels().copy()
    pixels[:4, :4] = np.frombuffer(secrets.token_bytes(16), np.uint8).reshape(4, 4)
    return as_png(pixels)


def as_png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
