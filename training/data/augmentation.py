"""Augmentation: a radiograph as a different device, archive or screenshot could have made it.

No flips: hearts are on the left. Every view is reproducible from the key of the image and the number of the view.
"""

import io
import random
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter, ImageOps

BILINEAR = Image.Resampling.BILINEAR
WORKING_SIDE = 320
"""Larger radiographs are reduced to this longest side, in pixels, before they are changed."""


def augmented(pixels: np.ndarray, key: str, view: int) -> np.ndarray:
    """View number ``view`` >= 1 of an image (rows, cols) uint8: moved, re-exposed, then degraded in one way.

    Returns (rows, cols) uint8, the longest side at most WORKING_SIDE and 8 % padding. View 0 is the image itself.
    """
    if view == 0:
        return pixels
    rng = random.Random(zlib.crc32(f"{key} {view}".encode()))
    picture = Image.fromarray(pixels)
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE), BILINEAR)
    picture = re_exposed(moved(picture, rng), rng)
    picture = rng.choice(DEGRADATIONS)(picture, rng)
    return np.asarray(with_noise(picture, rng) if rng.random() < 0.3 else picture)


def moved(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Turned by up to 6 degrees; each edge cropped by up to 10 % or padded by up to 4 %."""
    width, height = picture.size
    picture = picture.rotate(rng.uniform(-6, 6), BILINEAR)
    left, top, right, bottom = (rng.uniform(-0.04, 0.10) for _ in range(4))
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    return picture.crop(tuple(round(edge) for edge in box))  # type: ignore[arg-type]


def re_exposed(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Gamma between 1/2 and 2."""
    gamma = 2 ** rng.uniform(-1, 1)
    return picture.point([round(255 * (level / 255) ** gamma) for level in range(256)])


def blurred(picture: Image.Image, rng: random.Random) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3.5)))


def despeckled(picture: Image.Image, rng: random.Random) -> Image.Image:
    return picture.filter(ImageFilter.MedianFilter(rng.choice((5, 7, 9))))


def flattened(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Few grey levels in smooth patches, as in pictures of pictures."""
    few_levels = ImageOps.posterize(picture.filter(ImageFilter.GaussianBlur(1)), 3)
    return few_levels.filter(ImageFilter.ModeFilter(rng.choice((5, 7, 9))))


def pixelated(picture: Image.Image, rng: random.Random) -> Image.Image:
    scale = rng.uniform(0.3, 0.6)
    small = picture.resize((max(1, int(picture.width * scale)), max(1, int(picture.height * scale))), BILINEAR)
    return small.resize(picture.size, rng.choice((Image.Resampling.NEAREST, Image.Resampling.BICUBIC)))


def sharpened(picture: Image.Image, rng: random.Random) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(rng.uniform(1, 8), rng.randrange(50, 250), 0))


def clipped(picture: Image.Image, rng: random.Random) -> Image.Image:
    return ImageOps.autocontrast(picture, cutoff=rng.uniform(1, 6))


def compressed(picture: Image.Image, rng: random.Random) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=rng.randrange(10, 40))
    return Image.open(buffer).convert("L")


def with_noise(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Gaussian noise with a standard deviation of 2 to 10 grey levels."""
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, rng.uniform(2, 10), (picture.height, picture.width))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


DEGRADATIONS: tuple[Callable[[Image.Image, random.Random], Image.Image], ...] = (
    blurred,
    despeckled,
    flattened,
    pixelated,
    sharpened,
    clipped,
    compressed,
)
