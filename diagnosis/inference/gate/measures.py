"""Measures of a picture's quality: geometry of the lungs, exposure, sharpness, noise, and left against right.

The gate's heads read them next to the network's features. All of them are the same whatever the picture's size in
pixels: they are taken from small copies.
"""

import numpy as np
from PIL import Image, ImageOps

from diagnosis.inference.lungs import REDUCING_GAP, SIDE, Box, LungFields, outline_length, stretched

SIDES_SIZE = 32
"""Side of the copy of the lungs' box whose halves are compared, in pixels."""
GREY_SIDE = 192
"""Side of the copy that exposure and sharpness are measured on, in pixels."""

LUNG_MEASURES = (
    "lungs",
    "area",
    "smaller over larger",
    "left",
    "top",
    "right",
    "bottom",
    "width",
    "height",
    "filled",
    "distance",
    "difference in height",
    "certainty",
    "on the border",
    "darker than around",
    "heart to the right",
    "elsewhere",
)
"""Names of the numbers in `lung_measures`, in order."""
GREY_MEASURES = (
    "1 %",
    "5 %",
    "25 %",
    "50 %",
    "75 %",
    "95 %",
    "99 %",
    "black",
    "white",
    "levels",
    "noise",
    "fine detail",
    "medium detail",
    "aspect",
)
"""Names of the numbers in `grey_measures`, in order: percentiles of grey, shares of black and white, and so on."""


def lung_measures(pixels: np.ndarray, lungs: LungFields) -> np.ndarray:
    """(17,) float32: where the lungs are and how they lie. All are 0 where no lung was found."""
    if not lungs.boxes:
        return np.zeros(len(LUNG_MEASURES), np.float32)
    areas, boxes, box = lungs.areas, lungs.boxes, lungs.box
    centres = [one.centre for one in boxes]
    both = len(boxes) == 2
    values = (
        len(boxes),
        sum(areas),
        min(areas) / max(areas) if both else 0.0,
        *(box.left, box.top, box.right, box.bottom, box.width, box.height),
        sum(areas) / (box.width * box.height),
        centres[1][0] - centres[0][0] if both else 0.0,
        abs(centres[1][1] - centres[0][1]) if both else 0.5,
        lungs.certainty,
        _border_share(lungs.mask),
        _darkness(pixels, lungs.mask, box),
        _heart_side(lungs.labels, box) if both else 0.0,
        _elsewhere(lungs),
    )
    return np.array(values, np.float32)


def grey_measures(pixels: np.ndarray) -> np.ndarray:
    """(14,) float32 of (height, width) uint8 pixels."""
    grey = np.asarray(_small(pixels, GREY_SIDE), np.float32)
    percentiles = np.percentile(grey, (1, 5, 25, 50, 75, 95, 99)) / 255
    contrast = max(float(percentiles[5] - percentiles[1]) * 255, 1.0)
    noise = noise_of(grey) / contrast
    coarse = grey.reshape(GREY_SIDE // 3, 3, GREY_SIDE // 3, 3).mean(axis=(1, 3))
    height, width = pixels.shape
    values = (
        *percentiles,
        float((grey <= 2).mean()),
        float((grey >= 253).mean()),
        len(np.unique(pixels[:: max(height // 256, 1), :: max(width // 256, 1)])) / 256,
        np.log(noise + 1e-3),
        np.log(_roughness(grey) / contrast + 1e-3),
        np.log(_roughness(coarse) / contrast + 1e-3),
        np.log(width / height),
    )
    return np.array(values, np.float32)


def side_differences(pixels: np.ndarray, lungs: LungFields) -> np.ndarray:
    """(1024,) float32: left half less mirrored right half of the lungs' box, equalised grey and then lungs, 32 x 16.

    A mirrored picture has the same numbers with the other sign, so one weight for each tells on which side the heart
    is. Takes no pass of a network.
    """
    picture, box, size = Image.fromarray(pixels), lungs.box, (SIDES_SIZE, SIDES_SIZE)
    scaled = np.array((box.left, box.top, box.right, box.bottom)) * (*picture.size, *picture.size)
    grey = ImageOps.equalize(picture.resize(size, Image.Resampling.BILINEAR, tuple(scaled), REDUCING_GAP))
    in_mask = (box.left * SIDE, box.top * SIDE, box.right * SIDE, box.bottom * SIDE)
    mask = Image.fromarray(lungs.mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BILINEAR, in_mask)
    both = np.concatenate([np.asarray(grey, np.float32), np.asarray(mask, np.float32)]) / 255
    differences: np.ndarray = (both - both[:, ::-1])[:, : SIDES_SIZE // 2].ravel()
    return differences


def noise_of(grey: np.ndarray) -> float:
    """Standard deviation of the noise in grey levels (Immerkaer, Computer Vision and Image Understanding 64, 1996).

    The mask 1 -2 1, twice, leaves nothing of a picture that is smooth.
    """
    down = grey[:-2] - 2 * grey[1:-1] + grey[2:]
    both = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(both).mean())


def _roughness(grey: np.ndarray) -> float:
    """Mean difference of neighbours, in grey levels."""
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) / 2


def _elsewhere(lungs: LungFields) -> float:
    """Share of the rest of the picture that is taken for lung, too; 0 where there is no rest."""
    rest = lungs.probability[~lungs.mask]
    return float((rest > 0.5).mean()) if len(rest) else 0.0


def _border_share(mask: np.ndarray) -> float:
    """Share of the lungs' outline that lies on the picture's border: lungs that are cut off."""
    on_border = int(mask[0].sum() + mask[-1].sum() + mask[:, 0].sum() + mask[:, -1].sum())
    return on_border / max(outline_length(mask), 1)


def _darkness(pixels: np.ndarray, mask: np.ndarray, box: Box) -> float:
    """Mean grey within the box outside the lungs less that of the lungs, in shares of the contrast; air is dark."""
    grey = stretched(np.asarray(_small(pixels, SIDE), np.float32))
    rows, cols = (slice(round(a * SIDE), round(b * SIDE)) for a, b in ((box.top, box.bottom), (box.left, box.right)))
    inside, around = grey[rows, cols][mask[rows, cols]], grey[rows, cols][~mask[rows, cols]]
    return float(around.mean() - inside.mean()) if len(around) and len(inside) else 0.0


def _heart_side(labels: np.ndarray, box: Box) -> float:
    """How far the middle of the gap between the lungs moves to the right from the upper to the lower half.

    In widths of the lungs' box. The heart lies on the right of a picture that is not mirrored.
    """
    middles: list[list[float]] = [[], []]
    half = (box.top + box.bottom) / 2 * SIDE
    for row in np.flatnonzero((labels == 1).any(axis=1) & (labels == 2).any(axis=1)):
        left, right = np.flatnonzero(labels[row] == 1)[-1], np.flatnonzero(labels[row] == 2)[0]
        middles[int(row >= half)].append((left + right) / 2)
    if not (middles[0] and middles[1]):
        return 0.0
    return float(np.mean(middles[1]) - np.mean(middles[0])) / (box.width * SIDE)


def _small(pixels: np.ndarray, side: int) -> Image.Image:
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP)
