"""Pictures that are no radiograph at all, drawn from random numbers: pages of text, charts, shapes, textures, forms.

All are (height, width) uint8; the same random numbers give the same picture.
"""

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 240
Draw = Callable[[random.Random], np.ndarray]


def page(rng: random.Random) -> np.ndarray:
    """A printed page, upright, in one or two columns."""
    sheet, draw = _sheet(rng, rng.choice(((SIDE, 320), (SIDE, SIDE), (320, SIDE))), light=True)
    columns, size = rng.choice((1, 1, 2)), rng.randint(6, 14)
    for column in range(columns):
        left = 12 + column * sheet.width // columns
        for top in range(12, sheet.height - 12, size + rng.randint(2, 4)):
            text = "".join(rng.choices("abcdefghiklmnoprstuvw      .,", k=rng.randint(8, 200)))
            text = text[: int((sheet.width / columns - 20) / (size * 0.5))]
            draw.text((left, top), text, fill=rng.randint(0, 60), font_size=size)
    return np.asarray(sheet)


def chart(rng: random.Random) -> np.ndarray:
    """Axes with bars or curves, as a statistics page has them."""
    is_light = rng.random() < 0.8
    sheet, draw = _sheet(rng, (320, SIDE), light=is_light)
    ink = 0 if is_light else 255
    draw.line((30, 10, 30, 210, 310, 210), fill=ink, width=2)
    heights = [rng.randint(20, 190) for _ in range(rng.randint(3, 24))]
    step = 270 / len(heights)
    if rng.random() < 0.5:
        for index, height in enumerate(heights):
            draw.rectangle((35 + index * step, 210 - height, 31 + (index + 0.8) * step, 210), fill=rng.randint(40, 200))
    else:
        draw.line([(35 + index * step, 210 - height) for index, height in enumerate(heights)], fill=ink, width=2)
    for index in range(6):
        draw.text((4, 14 + index * 34), str(rng.randint(0, 999)), fill=ink, font_size=10)
    return np.asarray(sheet)


def shapes(rng: random.Random) -> np.ndarray:
    """Ellipses, rectangles and lines of any grey, sharp or soft, at times two dark ovals as a child draws lungs."""
    sheet, draw = _sheet(rng, (SIDE, SIDE), light=rng.random() < 0.5)
    for _ in range(rng.randint(2, 15)):
        x, y, wide, tall = (rng.randint(0, SIDE) for _ in range(4))
        kind = rng.choice((draw.ellipse, draw.rectangle))
        kind((x - wide / 3, y - tall / 3, x + wide / 3, y + tall / 3), fill=rng.randint(0, 255))
    if rng.random() < 0.3:
        for left in (50, 140):
            draw.ellipse((left, 50, left + rng.randint(40, 60), rng.randint(160, 210)), fill=rng.randint(0, 60))
    return np.asarray(sheet.filter(ImageFilter.GaussianBlur(rng.choice((0, 0, 2, 6)))))


def texture(rng: random.Random) -> np.ndarray:
    """Noise at several scales, smooth as clouds or rough as stone."""
    grey, fall = np.zeros((SIDE, SIDE), np.float32), rng.uniform(0.3, 1.2)
    for power in range(1, 8):
        noise = np.random.default_rng(rng.randrange(2**32)).normal(size=(2**power, 2**power)).astype(np.float32)
        grey += np.asarray(Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) * fall**power
    low, high = np.percentile(grey, (rng.uniform(0, 10), rng.uniform(90, 100)))
    return np.clip((grey - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def stripes(rng: random.Random) -> np.ndarray:
    """Waves, grids and gradients."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    grey = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(rng.randint(1, 4)):
        across, down = rng.uniform(-20, 20), rng.uniform(-20, 20)
        wave = np.sin((x * across + y * down) * rng.choice((0.2, 1, 3)) + rng.uniform(0, 6))
        grey += np.sign(wave) if rng.random() < 0.3 else wave
    low, high = grey.min(), grey.max()
    return ((grey - low) / (high - low) * 255).astype(np.uint8)


def _sheet(rng: random.Random, size: tuple[int, int], light: bool) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("L", size, rng.randint(225, 255) if light else rng.randint(0, 50))
    return sheet, ImageDraw.Draw(sheet)


DRAWN: dict[str, Draw] = {"page": page, "chart": chart, "shapes": shapes, "texture": texture, "stripes": stripes}
"""By the name of the kind."""
