"""Window and level on a radiograph's own values: samples of up to 16 bits, windows, display tables, pixel spacing.

`packed` makes the bytes that the viewer's script (static/covidxray/js/viewer-samples.js) unpacks.
"""

import json
import math
import struct
import zlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from pydicom.dataset import Dataset

from diagnosis.imaging.corrections import AS_IS, corrected
from diagnosis.imaging.dicom import is_grey, read_stored
from diagnosis.imaging.orientation import orientation_letters, upright
from diagnosis.imaging.png16 import all_bits, has_lost_bits
from diagnosis.imaging.presentation import is_inverted
from diagnosis.imaging.radiograph import read_radiograph, sniffed_format
from diagnosis.imaging.stretch import picture_range, value_counts
from diagnosis.imaging.tag_numbers import tag_numbers
from diagnosis.imaging.tag_texts import tag_text
from diagnosis.imaging.tiff_parts import black_is_zero
from diagnosis.imaging.view_tags import view_tags
from diagnosis.imaging.windowing import (
    Window,
    has_contrast,
    is_padding,
    looked_up,
    modality_values,
    table_items,
    white_of,
    windows,
)

MOST_SAMPLES = 16_000_000
"""That are sent; a larger picture is sent with the means of blocks of its pixels."""
_FAST = 1
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing")
_LARGEST_SPACING = 10
"""Millimetres."""


@dataclass(frozen=True)
class Look:
    """How the file asks to be shown: by a window, or by a table of one grey level for each value (uint8)."""

    name: str
    window: Window | None = None
    table: np.ndarray | None = None


@dataclass(frozen=True)
class Spacing:
    """Millimetres from one pixel of the picture to the next, across and down; `source` is the tag that says so."""

    across: float
    down: float
    source: str


@dataclass(frozen=True)
class Samples:
    """A radiograph before any window.

    pixels: (height, width) uint16, upright as it is shown: places in `values`. values: (n,) float64, what each stands
    for in the device's own unit. padding: (n,) bool, values that fill what the detector did not see. looks: those that
    can be used, and `first` is the one that the site's pictures were made with. every: how many of the picture's pixels
    one sample stands for, along a side.
    """

    pixels: np.ndarray
    values: np.ndarray
    padding: np.ndarray
    is_inverted: bool
    looks: tuple[Look, ...]
    first: int
    spacing: Spacing | None = None
    every: int = 1


def read_samples(content: bytes, correction: str = "") -> Samples:
    """The samples of a file that was accepted. Raises as the reading of radiographs does.

    `correction` is what a person had done to the picture (imaging/corrections.py).
    """
    samples = _of_dicom(content) if sniffed_format(content) == "DICOM" else _of_picture(content)
    return _reduced(_corrected(samples, correction))


def packed(samples: Samples) -> bytes:
    """Length of the head (uint32, little-endian), the head (JSON), and deflated: values if they lie on no line
    (float32), the tables (uint8), then the differences of neighbouring samples: all lower bytes, then all upper ones.
    """
    first, step = float(samples.values[0]), _step(samples.values)
    tables = [look.table for look in samples.looks if look.table is not None]
    parts = [] if step is not None else [samples.values.astype("<f4").tobytes()]
    parts += [table.tobytes() for table in tables]
    head = json.dumps({**_head(samples), "valueAt0": first, "step": step}).encode()
    packer = zlib.compressobj(_FAST)
    body = [packer.compress(part) for part in (*parts, *_planes(samples.pixels))]
    return b"".join([struct.pack("<I", len(head)), head, *body, packer.flush()])


def _head(samples: Samples) -> dict[str, Any]:
    height, width = samples.pixels.shape
    padded = np.flatnonzero(samples.padding)
    return {
        "width": width,
        "height": height,
        "every": samples.every,
        "values": len(samples.values),
        "bytes": samples.pixels.dtype.itemsize,
        "inverted": samples.is_inverted,
        "padding": [int(padded[0]), int(padded[-1])] if len(padded) else None,
        "looks": [_look(look) for look in samples.looks],
        "first": samples.first,
        "spacing": vars(samples.spacing) if samples.spacing else None,
    }


def _look(look: Look) -> dict[str, Any]:
    if look.window is None:
        return {"kind": "table", "name": look.name}
    return {"kind": "window", "name": look.name, **vars(look.window)}


def _step(values: np.ndarray) -> float | None:
    """The distance of the values where it is the same everywhere."""
    step = float(values[1] - values[0]) if len(values) > 1 else 1.0
    return (
        step if np.allclose(values, values[0] + step * np.arange(len(values)), rtol=0, atol=abs(step) / 1000) else None
    )


def _planes(pixels: np.ndarray) -> list[bytes]:
    flat = pixels.ravel()
    differences = np.empty_like(flat)
    differences[:1] = flat[:1]
    np.subtract(flat[1:], flat[:-1], out=differences[1:])
    if flat.dtype == np.uint8:
        return [differences.tobytes()]
    octets = differences.astype("<u2", copy=False).view(np.uint8)
    return [octets[0::2].tobytes(), octets[1::2].tobytes()]


def _of_dicom(content: bytes) -> Samples:
    stored, dataset = read_stored(content)
    pixels, lowest, highest = _from_lowest(stored)
    shown = np.ascontiguousarray(upright(pixels, dataset, [], is_chest=not view_tags(dataset).other_part))
    spacing = _spacing(dataset, is_stretched=shown.size != pixels.size)
    places = np.arange(lowest, highest + 1)
    if not is_grey(dataset):
        return _plain(shown, places, spacing)
    values = modality_values(places, dataset, [])
    padding = is_padding(places, dataset)
    counts = value_counts(stored, lowest, highest) * ~padding
    looks = [look for look in _looks(dataset, values) if has_contrast(_levels(look, values), counts)]
    looks.append(_stretch(values, counts))
    return Samples(shown, values, padding, is_inverted(dataset), tuple(looks), 0, spacing)


def _looks(dataset: Dataset, values: np.ndarray) -> list[Look]:
    """In the order in which the site's own pictures are made: tables first, then windows."""
    looks = []
    for item in table_items(dataset, "VOILUTSequence"):
        table = looked_up(values, item, dataset)
        if table is not None:
            levels = np.rint(255 * table / white_of(table.max(), dataset)).clip(0, 255).astype(np.uint8)
            looks.append(Look(tag_text(item, "LUTExplanation"), table=levels))
    names = tag_text(dataset, "WindowCenterWidthExplanation").split("\\")
    for window in windows(dataset):
        looks.append(Look(names[window.place] if window.place < len(names) else "", window))
    return looks


def _levels(look: Look, values: np.ndarray) -> np.ndarray:
    """0..1 of each value."""
    return look.table / 255 if look.table is not None else look.window.applied(values)  # type: ignore[union-attr]


def _stretch(values: np.ndarray, counts: np.ndarray) -> Look:
    """From the picture's own values, without a border: what is used where the file says nothing."""
    low, high = picture_range(values, counts)
    return Look("", Window((low + high) / 2, max(high - low, 1e-6), "LINEAR_EXACT", -1))


def _of_picture(content: bytes) -> Samples:
    picture = read_radiograph(content, sha256="").pixels  # refuses what is not to be read
    words, is_turned_around = _words(content)
    if words is None:
        return _plain(picture, np.arange(256), None)
    pixels, lowest, highest = _from_lowest(words)
    values = np.arange(lowest, highest + 1, dtype=np.float64)
    stretch = _stretch(values, value_counts(words, lowest, highest))
    return Samples(pixels, values, np.zeros(len(values), bool), is_turned_around, (stretch,), 0)


def _words(content: bytes) -> tuple[np.ndarray | None, bool]:
    """Grey values of more than 8 bits, upright, and whether low ones are bright; None where the picture has none."""
    content, is_turned_around = black_is_zero(content) if sniffed_format(content) == "TIFF" else (content, False)
    with Image.open(BytesIO(content)) as image:
        if has_lost_bits(image):
            words = all_bits(content)
            return (words if words.ndim == 2 else None), False
        if not image.mode.startswith("I"):
            return None, False
        return np.asarray(ImageOps.exif_transpose(image)), is_turned_around


def _plain(pixels: np.ndarray, places: np.ndarray, spacing: Spacing | None) -> Samples:
    """Of 8 bits: shown as it is, from black to white."""
    whole = Look("", Window(127.5, 255.0, "LINEAR_EXACT", -1))
    return Samples(pixels, places.astype(np.float64), np.zeros(len(places), bool), False, (whole,), 0, spacing)


def _from_lowest(stored: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The values counted from the lowest one, uint16, and the lowest and the highest."""
    lowest, highest = int(stored.min()), int(stored.max())
    return (stored - stored.dtype.type(lowest)).astype(np.uint16), lowest, highest


def _spacing(dataset: Dataset, *, is_stretched: bool) -> Spacing | None:
    """Pixel Spacing that equals Imager Pixel Spacing is not corrected for anything (PS3.3 10.7.1.3): the latter's."""
    pairs = {source: tag_numbers(dataset, source) for source in _SPACINGS}
    if pairs["PixelSpacing"] == pairs["ImagerPixelSpacing"]:
        del pairs["PixelSpacing"]
    for source, pair in pairs.items():
        if len(pair) == 2 and all(side is not None and 0 < side < _LARGEST_SPACING for side in pair):
            down, across = float(pair[0] or 0), float(pair[1] or 0)
            letters = orientation_letters(dataset)
            if is_stretched:
                down = across = min(down, across)
            elif letters and letters[0][0] in "HF":
                down, across = across, down
            return Spacing(across, down, source)
    return None


def _corrected(samples: Samples, correction: str) -> Samples:
    if correction in ("", AS_IS):
        return samples
    if correction == "invert":
        return replace(samples, is_inverted=not samples.is_inverted)
    spacing = samples.spacing
    if spacing and correction != "turn-180":
        spacing = Spacing(spacing.down, spacing.across, spacing.source)
    return replace(samples, pixels=corrected(samples.pixels, correction), spacing=spacing)


def _reduced(samples: Samples) -> Samples:
    height, width = samples.pixels.shape
    every = math.ceil(math.sqrt(height * width / MOST_SAMPLES))
    if every == 1:
        return samples
    whole = samples.pixels[: height // every * every, : width // every * every]
    blocks = whole.reshape(height // every, every, width // every, every)
    means = np.rint(blocks.mean(axis=(1, 3), dtype=np.float32)).astype(samples.pixels.dtype)
    return replace(samples, pixels=means, every=every)
