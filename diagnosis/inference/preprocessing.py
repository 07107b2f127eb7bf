"""The one preprocessing: grey pixels to the network's input, the same function in training and in serving."""

import numpy as np
from PIL import Image, ImageOps

from diagnosis.inference.contract import Preprocessing


def preprocess(pixels: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Turn (height, width) uint8 grey pixels into (size, size, 3) float32 in 0..255, all three channels alike.

    Nothing here divides by 255: the network's own Rescaling does. Raises ValueError for other shapes or dtypes.
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError(f"expected (height, width) uint8 pixels, got {pixels.shape} {pixels.dtype}")
    image = Image.fromarray(pixels).resize((preprocessing.size, preprocessing.size), Image.Resampling.BILINEAR)
    if preprocessing.equalise:
        image = ImageOps.equalize(image)
    grey = np.asarray(image, dtype=np.float32)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
