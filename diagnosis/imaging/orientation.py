"""A DICOM picture as it hangs on the light box: upright, the patient's left on the right, in its true shape.

Patient Orientation names the directions of rows and columns (PS3.3 C.7.6.1.1.1): left (L) and foot (F) is upright.
Pixel spacings, or the aspect ratio, say how far rows and columns lie apart.
"""

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from diagnosis.imaging.limits import MAX_PIXELS
from diagnosis.imaging.notes import ReadingNote
from diagnosis.imaging.tag_numbers import tag_numbers
from diagnosis.imaging.tag_texts import tag_text

_OPPOSITE = {"L": "R", "R": "L", "H": "F", "F": "H", "A": "P", "P": "A"}
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_LEAST_STRETCH, _MOST_STRETCH = 1.01, 4.0


def upright(pixels: np.ndarray, dataset: Dataset, notes: list[ReadingNote], *, is_chest: bool) -> np.ndarray:
    """Turn and stretch (rows, columns) pixels as the tags say; where they leave it open (`doubts`) they stay as stored.

    Only a chest is turned: hands and legs hang otherwise.
    """
    return _turned(_true_shape(pixels, dataset, notes), dataset, notes, is_chest=is_chest)


def orientation_letters(dataset: Dataset) -> list[str]:
    """The directions of rows and of columns, each of the letters L R H F A P; [] where they are not both given."""
    found = tag_text(dataset, "PatientOrientation").upper().split("\\")
    if len(found) != 2 or not all(direction and set(direction) <= set(_OPPOSITE) for direction in found):
        return []
    row, column = found[0][0], found[1][0]
    return [] if row in (column, _OPPOSITE[column]) else found


def _turned(pixels: np.ndarray, dataset: Dataset, notes: list[ReadingNote], *, is_chest: bool) -> np.ndarray:
    found = [letters[0] for letters in orientation_letters(dataset)]
    if not found:
        if tag_text(dataset, "PatientOrientation"):
            notes.append(ReadingNote.ORIENTATION)
        return pixels
    if not is_chest or not set(found) <= set("LRHF"):
        return pixels  # another part or view: refused for that, elsewhere
    row, column = found
    if (row, column) != ("L", "F"):
        notes.append(ReadingNote.TURNED)
    if row in "HF":
        pixels, row, column = pixels.T, column, row
    if row == "R":
        pixels = pixels[:, ::-1]
    return pixels[::-1] if column == "H" else pixels


def _true_shape(pixels: np.ndarray, dataset: Dataset, notes: list[ReadingNote]) -> np.ndarray:
    """Enlarge the shorter direction, so that a millimetre down is as many pixels as a millimetre across."""
    ratio = _ratio(dataset)
    stretch = max(ratio, 1 / ratio)
    height, width = pixels.shape
    if stretch < _LEAST_STRETCH:
        return pixels
    if stretch > _MOST_STRETCH or height * width * stretch > MAX_PIXELS:
        notes.append(ReadingNote.ASPECT)
        return pixels
    size = (width, round(height * ratio)) if ratio > 1 else (round(width / ratio), height)
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BILINEAR))


def _ratio(dataset: Dataset) -> float:
    """Height of a pixel over its width; 1 where nothing usable says it."""
    for keyword in (*_SPACINGS, "PixelAspectRatio"):
        pair = tag_numbers(dataset, keyword)
        if len(pair) == 2 and all(side is not None and side > 0 for side in pair):
            return float(pair[0] or 1) / float(pair[1] or 1)
    return 1.0
