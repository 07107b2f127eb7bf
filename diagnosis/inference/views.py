"""Two views of one radiograph, the whole picture and its lungs: crop box, margin, and where a map of a view belongs.

The network reads both with the same weights. The lungs' view makes framing matter less, the whole picture keeps what
the crop cuts off (docs/decisions: what holds on hospitals that gave nothing to training).
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from diagnosis.inference.contract import IMAGE_SIZE, Preprocessing
from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from diagnosis.inference.preprocessing import preprocess

VIEWS = ("whole", "lungs")
"""In the order in which the network reads them."""
MARGIN = 0.08
"""Added on each side of the lungs, as a share of their width and height."""
SMALLEST = 0.2
"""A box that is narrower or lower than this share of the picture is no pair of lungs."""


def lungs_view(lungs: Box | None, margin: float = MARGIN) -> Box:
    """What the lungs' view shows: their box and a margin, within the picture; the whole picture without lungs."""
    if lungs is None or lungs.width < SMALLEST or lungs.height < SMALLEST:
        return WHOLE_PICTURE
    return lungs.widened(margin)


def edges(box: Box) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return box.left, box.top, box.right, box.bottom


def cropped(pixels: np.ndarray, box: Box) -> NDArray[np.uint8]:
    """The pixels (rows, cols) uint8 inside a box, black where it reaches beyond the picture."""
    if box == WHOLE_PICTURE:
        return pixels
    rows, cols = pixels.shape
    corners = (box.left * cols, box.top * rows, box.right * cols, box.bottom * rows)
    return np.asarray(Image.fromarray(pixels).crop(tuple(round(corner) for corner in corners)))


def views_of(pixels: np.ndarray, lungs: Box | None, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """(rows, cols) uint8 -> the network's input, (2, 224, 224, 3) float32 in 0..255, in the order of VIEWS."""
    return np.stack([preprocess(cropped(pixels, box), preprocessing) for box in (WHOLE_PICTURE, lungs_view(lungs))])


def placed(values: np.ndarray, box: Box, side: int = IMAGE_SIZE) -> NDArray[np.float32]:
    """A map of a box, (rows, cols) -> the same over the whole picture, (side, side) float32, 0 outside the box.

    To be stretched over the picture as a map of the whole picture is.
    """
    left, top, right, bottom = (round(edge * side) for edge in edges(box))
    size = (max(right - left, 1), max(bottom - top, 1))
    part = Image.fromarray(np.asarray(values, np.float32)).resize(size, Image.Resampling.BILINEAR)
    whole = Image.new("F", (side, side))
    whole.paste(part, (left, top))
    return np.asarray(whole)


def heat_of(evidence: np.ndarray, box: Box, side: int = IMAGE_SIZE) -> NDArray[np.float32]:
    """Evidence of both views, (2, rows, cols) in logits -> one map over the whole picture, (side, side) float32.

    The score is the sum of both views, and so is the evidence at a place: each cell of the lungs' view covers less of
    the picture, and its evidence is spread over as much less.
    """
    return placed(evidence[0], WHOLE_PICTURE, side) + placed(evidence[1], box, side) / np.float32(
        box.width * box.height
    )
