"""Domain randomisation: one radiograph as many devices, archives and people could have made it.

What tells hospitals apart (framing, exposure, sharpness, noise, borders) is drawn anew for each view, so that a network
that is trained on many views cannot use it (Tobin et al., IROS 2017, for photographs). Hearts on the right occur here:
a view is only for training, and what is learned should not depend on the side.
"""

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from diagnosis.inference.contract import IMAGE_SIZE
from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from diagnosis.inference.views import cropped, edges

Floats = NDArray[np.float32]
Change = Callable[[Floats, np.random.Generator], Floats]
BILINEAR = Image.Resampling.BILINEAR


def rng_of(key: str, view: int) -> np.random.Generator:
    """The same draws for the same image and view, on every machine."""
    return np.random.default_rng(zlib.crc32(f"randomised {key} {view}".encode()))


def randomised(pixels: np.ndarray, box: Box, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One view of a radiograph, (rows, cols) uint8 -> (224, 224) uint8, before the histogram is equalised.

    box: what the view shows on average, the whole picture or its lungs.
    """
    picture = cut(pixels, jittered(between_whole_and(box, rng), rng))
    picture = picture.rotate(rng.uniform(-10, 10), BILINEAR)
    grey = np.asarray(picture, np.float32) / np.float32(255)
    if rng.random() < 0.5:
        grey = grey[:, ::-1]
    for chance, change in CHANGES:
        if rng.random() < chance:
            grey = change(grey, rng)
    return np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8)


def between_whole_and(box: Box, rng: np.random.Generator) -> Box:
    """Half the time the box, half the time anything between the whole picture and the box."""
    share = rng.uniform() if rng.random() < 0.5 else 1.0
    between = ((1 - share) * np.array(edges(WHOLE_PICTURE)) + share * np.array(edges(box))).tolist()
    return Box(*between)


def jittered(box: Box, rng: np.random.Generator, share: float = 0.1) -> Box:
    """Each edge moved by up to that share of the box's size."""
    sizes = np.array([box.width, box.height, box.width, box.height])
    return Box(*(np.array(edges(box)) + rng.uniform(-share, share, 4) * sizes).tolist())


def cut(pixels: np.ndarray, box: Box) -> Image.Image:
    """The box of a picture as 224 x 224, black where it reaches beyond the picture."""
    return Image.fromarray(cropped(pixels, box)).resize((IMAGE_SIZE, IMAGE_SIZE), BILINEAR)


def unevenly_lit(grey: Floats, rng: np.random.Generator) -> Floats:
    """Smooth illumination: 3 x 3 normal noise of SD 0.12, enlarged bicubically and added."""
    noise = Image.fromarray(rng.normal(0, 0.12, (3, 3)).astype(np.float32))
    return grey + np.asarray(noise.resize(grey.shape[::-1], Image.Resampling.BICUBIC))


def locally_contrasted(grey: Floats, rng: np.random.Generator) -> Floats:
    """x + a (x - average of 31 x 31), a from -0.6 (flat) to 1 (hard)."""
    return grey + np.float32(rng.uniform(-0.6, 1.0)) * (grey - uniform_filter(grey, 31))


def blurred(grey: Floats, rng: np.random.Generator) -> Floats:
    return uniform_filter(grey, int(rng.choice((3, 5))))


def pixelated(grey: Floats, rng: np.random.Generator) -> Floats:
    """Down to 40 to 65 % of the size and up again."""
    side = round(len(grey) * rng.uniform(0.40, 0.65))
    small = Image.fromarray(grey).resize((side, side), BILINEAR)
    return np.asarray(small.resize(grey.shape[::-1], BILINEAR))


def sharpened(grey: Floats, rng: np.random.Generator) -> Floats:
    return grey + np.float32(rng.uniform(0.3, 1.5)) * (grey - uniform_filter(grey, 3))


def noisy(grey: Floats, rng: np.random.Generator) -> Floats:
    return grey + rng.normal(0, rng.uniform(0, 0.05), grey.shape).astype(np.float32)


def with_border(side: int) -> Change:
    """A black or white block on the left (0) or right (1) border, as collimators, markers and names are."""

    def change(grey: Floats, rng: np.random.Generator) -> Floats:
        rows, cols = grey.shape
        width, height = (
            round(rng.uniform(low, high) * size) for low, high, size in ((0.02, 0.12, cols), (0.1, 1, rows))
        )
        top = int(rng.integers(0, rows - height + 1))
        grey = grey.copy()
        grey[top : top + height, slice(0, width) if side == 0 else slice(cols - width, cols)] = rng.choice((0.0, 1.0))
        return grey

    return change


CHANGES: tuple[tuple[float, Change], ...] = (
    (0.50, unevenly_lit),
    (0.50, locally_contrasted),
    (0.40, blurred),
    (0.25, pixelated),
    (0.30, sharpened),
    (0.50, noisy),
    (0.35, with_border(0)),
    (0.35, with_border(1)),
)
"""How often each change is made, in their order."""
