"""Golden images: a real radiograph that everybody can have, and pictures made from it, with known answers."""

import numpy as np
from data_store import DataStore

from diagnosis.contract import Preprocessing
from diagnosis.preprocessing import preprocess
from diagnosis.radiograph import read_radiograph
from training.augmentation import augmented

SAMPLE = "RG1_UNCR.dcm"
"""A chest radiograph of the package pydicom-data (MIT licence)."""
VIEWS = 8


def golden_images(preprocessing: Preprocessing) -> list[np.ndarray]:
    """The radiograph and its augmented views, each (size, size, 3) float32."""
    content = (DataStore().data_path / SAMPLE).read_bytes()
    pixels = read_radiograph(content).pixels
    return [preprocess(augmented(pixels, SAMPLE, view), preprocessing) for view in range(VIEWS)]
