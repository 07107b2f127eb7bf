"""Variations of a radiograph and its lung mask: disease painted in, moved, re-exposed, degraded.

Wide on purpose: the network learns from one collection of clear films and has to find the lungs of ill people, children
and photographed films, at any exposure. What it paints in leaves the mask as it is: lungs are anatomy, not air.
"""

import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from diagnosis.inference.lungs import SIDE, stretched
from training.lungs.data import WORKING_SIDE, Pair

BILINEAR = Image.Resampling.BILINEAR


def varied(pair: Pair, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """A new picture of the pair: (96, 96) float32 in [0, 1], and its mask, (96, 96) float32 in [0, 1]."""
    grey, mask = pair.grey.astype(np.float32) / 255, pair.mask.astype(np.float32)
    if rng.random() < 0.7:
        grey = with_disease(grey, mask, rng)
    corners = moved_corners(rng)
    fill = rng.choice((0.0, 0.0, 1.0, rng.random()))
    grey, mask = warped(grey, corners, fill), warped(mask, corners, 0.0)
    if rng.random() < 0.5:
        grey, mask = grey[:, ::-1], mask[:, ::-1]
    grey = degraded(re_exposed(grey, rng), rng)
    return stretched(1 - grey if rng.random() < 0.06 else grey), mask


def smooth_field(rng: random.Random, cells: int, side: int = WORKING_SIDE) -> np.ndarray:
    """(side, side) float32 noise of standard deviation about 1, smooth over side / cells pixels."""
    noise = np.random.default_rng(rng.randrange(2**32)).normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC))


def with_disease(grey: np.ndarray, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """One to three opacities, effusions, patches or lines painted into the picture."""
    for _ in range(rng.randint(1, 3)):
        grey = rng.choice((blob, effusion, patches, patches, lines))(grey, mask, rng)
    return grey


def blob(grey: np.ndarray, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """A round opacity with its centre in a lung."""
    rows, cols = np.nonzero(mask)
    place = rng.randrange(len(rows))
    y, x = np.mgrid[:WORKING_SIDE, :WORKING_SIDE].astype(np.float32)
    height, width = rng.uniform(4, 30), rng.uniform(4, 30)
    amount = np.exp(-(((y - rows[place]) / height) ** 2) - ((x - cols[place]) / width) ** 2)
    return _toward_white(grey, amount * rng.uniform(0.3, 1), rng)


def effusion(grey: np.ndarray, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """White from the base of one side upwards, at times over the whole lung."""
    y, x = np.mgrid[:WORKING_SIDE, :WORKING_SIDE].astype(np.float32) / WORKING_SIDE
    outward = abs(x - 0.5) * 2
    level = rng.choice((rng.uniform(0.5, 0.8), rng.uniform(0.1, 0.5))) - outward * rng.uniform(0, 0.3)
    amount = 1 / (1 + np.exp(-(y - level) / rng.uniform(0.01, 0.08)))
    side = 1 / (1 + np.exp((x - 0.5) * rng.choice((-1, 1)) / 0.02))
    return _toward_white(grey, amount * side * rng.uniform(0.5, 1), rng)


def patches(grey: np.ndarray, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """Consolidation with uneven edges, in both lungs or in one half of the picture."""
    amount = 1 / (1 + np.exp(-(smooth_field(rng, rng.randint(3, 12)) - rng.uniform(-0.5, 1)) * rng.uniform(1, 5)))
    half = 1.0 if rng.random() < 0.6 else smooth_field(rng, 2) > 0
    return _toward_white(grey, amount * half * mask * rng.uniform(0.3, 1), rng)


def lines(grey: np.ndarray, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """Tubes, wires, electrodes, letters at the border."""
    layer = Image.new("L", (WORKING_SIDE, WORKING_SIDE))
    draw = ImageDraw.Draw(layer)
    for _ in range(rng.randint(1, 5)):
        points = [(rng.randrange(WORKING_SIDE), rng.randrange(WORKING_SIDE)) for _ in range(rng.randint(2, 4))]
        draw.line(points, fill=255, width=rng.randint(1, 3))
        x, y = rng.choice(points)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=rng.randint(0, 255))
    amount = np.asarray(layer, np.float32) / 255
    return grey + amount * (rng.uniform(0.6, 1) - grey) * rng.uniform(0.3, 1)


def moved_corners(rng: random.Random) -> np.ndarray:
    """Where the corners of the new picture lie in the old one, (4, 2) in pixels, clockwise from the upper left.

    Turned by up to 12 degrees (one in eight: 35), 0.65 to 1.5 times as large, stretched, moved, and seen at an angle.
    """
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
    angle = math.radians(rng.uniform(-35, 35) if rng.random() < 0.125 else rng.uniform(-12, 12))
    turn = np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    size, stretch = 1.25 ** rng.uniform(-1.8, 1.9), 1.2 ** rng.uniform(-1, 1)
    corners = corners @ turn / size * (stretch, 1 / stretch)
    corners += (rng.gauss(0, 0.12), rng.gauss(0, 0.12))
    if rng.random() < 0.3:
        corners += np.array([[rng.gauss(0, 0.06) for _ in range(2)] for _ in range(4)])
    return (corners + 1) / 2 * WORKING_SIDE


def warped(picture: np.ndarray, corners: np.ndarray, fill: float) -> np.ndarray:
    """The quadrilateral of the picture as (96, 96) float32; ``fill`` where it reaches beyond the picture."""
    image = Image.fromarray(np.ascontiguousarray(picture - fill))  # beyond the picture, Pillow puts 0
    upper_left, upper_right, lower_right, lower_left = corners
    quad = (*upper_left, *lower_left, *lower_right, *upper_right)
    large = image.transform((SIDE * 2, SIDE * 2), Image.Transform.QUAD, quad, BILINEAR)
    return np.asarray(large).reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3)) + fill


def re_exposed(grey: np.ndarray, rng: random.Random) -> np.ndarray:
    """Gamma from 0.4 to 2.5, uneven light, contrast of the near surroundings changed, and clipped ends."""
    grey = np.clip(grey, 0, 1) ** (2.5 ** rng.uniform(-1, 1))
    if rng.random() < 0.5:
        grey = grey + smooth_field(rng, 3, SIDE) * rng.uniform(0, 0.2)
    if rng.random() < 0.4:
        image = Image.fromarray((np.clip(grey, 0, 1) * 255).astype(np.uint8))
        around = np.asarray(image.filter(ImageFilter.BoxBlur(rng.randint(4, 20))), np.float32) / 255
        grey = grey + rng.uniform(-0.6, 1.5) * (grey - around)
    low, high = rng.uniform(-0.1, 0.15), rng.uniform(0.85, 1.1)
    return np.clip((grey - low) / (high - low), 0, 1)


def degraded(grey: np.ndarray, rng: random.Random) -> np.ndarray:
    """Blurred, with noise, with dark or bright bars at the borders, each of them at times."""
    if rng.random() < 0.3:
        image = Image.fromarray((grey * 255).astype(np.uint8))
        grey = np.asarray(image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.8))), np.float32) / 255
    if rng.random() < 0.4:
        noise = np.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(0.01, 0.08), grey.shape)
        grey = grey + noise.astype(np.float32)
    if rng.random() < 0.35:
        grey = grey.copy()
        for _ in range(rng.randint(1, 3)):
            _paint_bar(grey, rng)
    return np.clip(grey, 0, 1)


def _paint_bar(grey: np.ndarray, rng: random.Random) -> None:
    """A strip of one grey level along one border, as wide as a tenth of the picture at most."""
    strip = slice(0, rng.randint(2, SIDE // 10)) if rng.random() < 0.5 else slice(-rng.randint(2, SIDE // 10), None)
    view = grey[strip] if rng.random() < 0.5 else grey[:, strip]
    view[...] = rng.choice((0.0, 1.0, rng.random()))


def _toward_white(grey: np.ndarray, amount: np.ndarray, rng: random.Random) -> np.ndarray:
    return grey + amount * (rng.uniform(0.55, 1) - grey) * (grey < 1)
