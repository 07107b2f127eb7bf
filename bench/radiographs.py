"""Radiographs of any size: the chest of the package pydicom-data, enlarged, with the noise of a detector.

No detector made these pixels at 36 megapixels; their file sizes and decoding times are those of real ones nevertheless.
"""

import io
from functools import cache

import numpy as np
import pydicom
from data_store import DataStore
from PIL import Image
from pydicom.uid import generate_uid

from diagnosis.imaging.radiograph import read_radiograph

SAMPLE = "RG1_UNCR.dcm"
FORMATS = ("JPEG", "PNG", "DICOM")
NOISE = 2.0
"""Standard deviation in grey levels of 255."""


def radiograph_file(picture_format: str, megapixels: float, seed: int) -> bytes:
    """A file that the site accepts; another seed is another radiograph."""
    levels = _enlarged(megapixels)
    noise = np.random.default_rng(seed).standard_normal(1_000_003, np.float32)
    levels = levels + NOISE * np.resize(noise, levels.shape)
    if picture_format == "DICOM":
        return _dicom(levels)
    buffer = io.BytesIO()
    options = {"quality": 92} if picture_format == "JPEG" else {"compress_level": 1}
    Image.fromarray(levels.clip(0, 255).astype(np.uint8)).save(buffer, picture_format, **options)
    return buffer.getvalue()


@cache
def chest() -> np.ndarray:
    return read_radiograph((DataStore().data_path / SAMPLE).read_bytes()).pixels


@cache
def _enlarged(megapixels: float) -> np.ndarray:
    """(height, width) float32, 0..255, of the sample's proportions."""
    sample = Image.fromarray(chest())
    scale = (megapixels * 1e6 / (sample.width * sample.height)) ** 0.5
    size = int(sample.width * scale), int(sample.height * scale)
    return np.asarray(sample.resize(size, Image.Resampling.BICUBIC), np.float32)


def _dicom(levels: np.ndarray) -> bytes:
    """Uncompressed, 16 bits a pixel, inverted as the sample is."""
    dataset = pydicom.dcmread(DataStore().data_path / SAMPLE)
    most = 2**dataset.BitsStored - 1
    dataset.Rows, dataset.Columns = levels.shape
    dataset.PixelData = (most - levels.clip(0, 255) * (most / 255)).astype("<u2").tobytes()
    dataset.WindowCenter, dataset.WindowWidth = most / 2, most
    dataset.SOPInstanceUID = generate_uid()
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()
