"""Spoiled radiographs: a good one turned, mirrored, inverted, cut, doubled, photographed, blurred, noisy, dark, bright.

What people upload by mistake, made from pictures that are right, so that only the fault differs. Each function takes
(height, width) uint8 pixels and random numbers, and returns uint8 pixels; the same numbers give the same picture.
"""

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from diagnosis.inference.lungs import Box

BILINEAR = Image.Resampling.BILINEAR
CUT_SIDES = (("left",), ("right",), ("top",), ("bottom",), ("left", "top"), ("right", "bottom"))
Spoil = Callable[[np.ndarray, random.Random], np.ndarray]


def turned(pixels: np.ndarray, quarters: int) -> np.ndarray:
    """Turned counter-clockwise by so many quarters."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def mirrored(pixels: np.ndarray, rng: random.Random | None = None) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(pixels[:, ::-1])


def inverted(pixels: np.ndarray, rng: random.Random | None = None) -> np.ndarray:
    """Dense tissue dark, as MONOCHROME1 is stored."""
    return 255 - pixels


def cut(pixels: np.ndarray, lungs: Box, rng: random.Random) -> np.ndarray:
    """Cropped from one side, or from two, so that a third to two thirds of the lungs' box are missing there."""
    height, width = pixels.shape
    left, top, right, bottom = 0.0, 0.0, 1.0, 1.0
    for side in rng.choice(CUT_SIDES):
        share = rng.uniform(0.33, 0.65)
        left = lungs.left + share * lungs.width if side == "left" else left
        right = lungs.right - share * lungs.width if side == "right" else right
        top = lungs.top + share * lungs.height if side == "top" else top
        bottom = lungs.bottom - share * lungs.height if side == "bottom" else bottom
    rows, cols = slice(round(top * height), round(bottom * height)), slice(round(left * width), round(right * width))
    return np.ascontiguousarray(pixels[rows, cols])


def doubled(pixels: np.ndarray, others: list[np.ndarray], rng: random.Random) -> np.ndarray:
    """Two to four radiographs on one picture, next to each other, below each other or as a sheet of four."""
    layout = rng.choice(((1, 2), (1, 2), (2, 1), (2, 2), (1, 3)))
    side = 240
    pictures = [pixels, *(rng.choice(others) for _ in range(layout[0] * layout[1] - 1))]
    rng.shuffle(pictures)
    tiles = [np.asarray(Image.fromarray(picture).resize((side, side), BILINEAR)) for picture in pictures]
    gap, ground = rng.choice((0, 0, 4, 12)), rng.choice((0, 0, 255, 128))
    framed = [np.pad(tile, gap, constant_values=ground) for tile in tiles]
    rows = [np.concatenate(framed[row * layout[1] : (row + 1) * layout[1]], axis=1) for row in range(layout[0])]
    return np.concatenate(rows)


def photographed(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    """Photographed from a monitor: at an angle, with its frame and the room, stripes of the screen, a reflection."""
    side = 320
    screen = Image.new("L", (side, side), rng.randint(0, 30))
    inner = rng.randint(200, 290)
    place = (rng.randint(0, side - inner), rng.randint(0, side - inner))
    screen.paste(Image.fromarray(pixels).resize((inner, inner), BILINEAR), place)
    if rng.random() < 0.5:
        _write_lines(ImageDraw.Draw(screen), rng, side, rng.randint(2, 8))
    room = np.clip(_smooth(rng, 4, side) * 30 + rng.randint(20, 200), 0, 255)
    shift = [rng.uniform(-0.02, 0.22) * side for _ in range(8)]
    corners = np.array([(0, 0), (0, side), (side, side), (side, 0)], float)
    corners += np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * np.array(shift).reshape(4, 2)
    photo = screen.transform((side, side), Image.Transform.QUAD, tuple(corners.ravel()), BILINEAR)
    seen = Image.new("L", (side, side), 255).transform(
        (side, side), Image.Transform.QUAD, tuple(corners.ravel()), BILINEAR
    )
    share = np.asarray(seen, np.float32) / 255
    grey = np.asarray(photo, np.float32) * rng.uniform(0.5, 0.9) + rng.uniform(0, 50)
    grey = grey + _stripes(rng, side) + _reflection(rng, side)
    return _as_pixels(grey * share + room * (1 - share))


def screenshot(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    """A window of a viewer with menus and text, in which the radiograph takes an eighth to a half of the picture."""
    width, height = rng.choice(((480, 300), (480, 270), (400, 300), (300, 400)))
    page = Image.new("L", (width, height), rng.choice((0, 30, 60, 240, 255)))
    draw = ImageDraw.Draw(page)
    for _ in range(rng.randint(1, 3)):
        left, top = rng.choice(((0, 0), (0, height - 30), (width - 90, 0)))
        draw.rectangle(
            (left, top, left + rng.choice((90, width)), top + rng.choice((24, height))), fill=rng.randint(0, 255)
        )
    _write_lines(draw, rng, width, rng.randint(5, 30), height)
    tall = int(height * rng.uniform(0.45, 0.85))
    wide = int(tall * pixels.shape[1] / pixels.shape[0])
    place = (rng.randint(0, max(width - wide, 1)), rng.randint(0, height - tall))
    page.paste(Image.fromarray(pixels).resize((wide, tall), BILINEAR), place)
    return np.asarray(page)


def blurred(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    """Out of focus (standard deviation 1.5 to 5 % of the longer side) or moved (a seventh to a third of it)."""
    picture = _working(pixels)
    if rng.random() < 0.7:
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(max(picture.size) * rng.uniform(0.015, 0.05))))
    length = int(max(picture.size) * rng.uniform(0.07, 0.16))
    grey = np.asarray(picture, np.float32)
    axis = rng.choice((0, 1))
    return _as_pixels(np.mean([np.roll(grey, shift, axis) for shift in range(-length // 2, length // 2 + 1)], axis=0))


def noisy(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    """Noise with a standard deviation of 35 to 90 grey levels, or a fifth to a half of the places black or white."""
    grey = np.asarray(_working(pixels), np.float32)
    random_numbers = np.random.default_rng(rng.randrange(2**32))
    if rng.random() < 0.7:
        return _as_pixels(grey + random_numbers.normal(0, rng.uniform(35, 90), grey.shape))
    struck = random_numbers.random(grey.shape) < rng.uniform(0.2, 0.5)
    return _as_pixels(np.where(struck, random_numbers.integers(0, 2, grey.shape) * 255, grey))


def dark(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    """Under-exposed: a tenth to a third of the grey levels left, or most of the picture clipped to black."""
    if rng.random() < 0.5:
        return _as_pixels(pixels * rng.uniform(0.08, 0.3) + rng.choice((0, rng.uniform(0, 20))))
    return _as_pixels((pixels.astype(np.float32) - np.percentile(pixels, rng.uniform(55, 85))) * rng.uniform(1, 3))


def bright(pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    """Over-exposed: a tenth to a third of the grey levels left, or most of the picture clipped to white."""
    return 255 - dark(255 - pixels, rng)


def _working(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    picture.thumbnail((320, 320), BILINEAR)
    return picture


def _smooth(rng: random.Random, cells: int, side: int) -> np.ndarray:
    noise = np.random.default_rng(rng.randrange(2**32)).normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC))


def _stripes(rng: random.Random, side: int) -> np.ndarray:
    """Moiré of a screen: waves of two directions."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    waves = [
        rng.uniform(0, 14) * np.sin((x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) * rng.uniform(0.2, 1.6))
        for _ in range(2)
    ]
    return waves[0] + waves[1]


def _reflection(rng: random.Random, side: int) -> np.ndarray:
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    place, size = (rng.random(), rng.random()), (rng.uniform(0.05, 0.3), rng.uniform(0.05, 0.3))
    spot = np.exp(-(((x - place[0]) / size[0]) ** 2) - ((y - place[1]) / size[1]) ** 2)
    return spot * rng.choice((0, rng.uniform(30, 160)))


def _write_lines(draw: ImageDraw.ImageDraw, rng: random.Random, width: int, lines: int, height: int = 320) -> None:
    for _ in range(lines):
        text = " ".join("".join(rng.choices("abcdefghilmnorstuvWXYZ0123456789", k=rng.randint(2, 9))) for _ in range(4))
        place = (rng.randint(0, width - 40), rng.randint(0, height - 10))
        draw.text(place, text, fill=rng.choice((0, 255, 200, 128)), font_size=rng.randint(7, 16))


def _as_pixels(grey: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


DEGRADED: dict[str, Spoil] = {"blurred": blurred, "noisy": noisy, "dark": dark, "bright": bright}
"""Faults of exposure and sharpness, by the name of their kind."""
ON_SCREEN: dict[str, Spoil] = {"photographed": photographed, "screenshot": screenshot}
"""Pictures of a screen, by the name of their kind."""
