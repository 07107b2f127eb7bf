"""Radiographs of 1,000 x 1,000 pixels, no two with the same answer: the sample chest, differently exposed and cut."""

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image

from bench.load.plan import Picture
from bench.radiographs import chest
from diagnosis.errors import RadiographRejected
from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.classifier import Classifier

SIDE = 1000
LARGEST_CUT = 0.08


def radiograph_jpeg(seed: int) -> bytes:
    """The sample cut by up to 8 % at each side, with another gradation, and the noise of a detector."""
    rng = np.random.default_rng(seed)
    height, width = chest().shape
    left, top, right, bottom = rng.uniform(0, LARGEST_CUT, 4) * (width, height, width, height)
    cut = Image.fromarray(chest()).crop((int(left), int(top), int(width - right), int(height - bottom)))
    levels = np.asarray(cut.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32) / 255
    levels = 255 * levels ** rng.uniform(0.7, 1.4) + rng.normal(0, 2, levels.shape)
    buffer = io.BytesIO()
    Image.fromarray(levels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def picture(classifier: Classifier, seed: int, folder: Path) -> Picture | None:
    """One of them in the folder, with its answer; None where the gate does not let it through."""
    content = radiograph_jpeg(seed)
    try:
        answer = classifier.classify(read_radiograph(content))
    except RadiographRejected:
        return None
    path = folder / f"{seed:05}.jpg"
    path.write_bytes(content)
    return Picture(str(path), hashlib.sha256(content).hexdigest(), answer.probability)
