"""Examples for the gate: each radiograph of a sample as it is and spoiled in every way, and pictures that are no chest.

An example knows its fault and where it comes from; its pixels are made when they are asked for, always the same.
"""

import csv
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from diagnosis.imaging.radiograph import read_radiograph
from diagnosis.inference.lungs import Box
from training.data.augmentation import augmented
from training.gate import drawn, spoiled

UPRIGHT = "upright"
LATERAL, NO_CHEST = "lateral", "no chest"
CUT, SEVERAL = "cut", "several"
TINY_SIDE = 64
"""Of the smallest pictures without a chest; a share of the radiographs is shown at this size, too."""


@dataclass(frozen=True)
class Base:
    """A frontal radiograph that is right.

    lungs: around both of them. source: the collection. is_child: by the collection.
    """

    path: Path
    source: str
    lungs: Box
    is_child: bool = False


@dataclass(frozen=True)
class Example:
    """A picture and what is true of it.

    view: "upright" for every frontal radiograph, "lateral" or "no chest". fault: the kind of what is wrong, "" for
    nothing. quarters: how often it was turned counter-clockwise. source: the collection, or the kind of no chest.
    """

    name: str
    source: str
    make: Callable[[], np.ndarray]
    view: str = UPRIGHT
    fault: str = ""
    quarters: int = 0
    is_mirrored: bool = False
    is_inverted: bool = False
    is_child: bool = False


def pixels_of(path: Path) -> np.ndarray:
    """As the site reads them."""
    return read_radiograph(path.read_bytes()).pixels


def examples_of(base: Base, others: Sequence[Base]) -> Iterator[Example]:
    """One radiograph as it is, handled mildly, and with each fault. ``others``: what it is shown together with."""
    name = f"{base.source}/{base.path.stem}"

    def example(kind: str, make: Callable[[np.ndarray, random.Random], np.ndarray], **truth: object) -> Example:
        key = f"{name} {kind}"
        upright = Example(key, base.source, lambda: make(pixels_of(base.path), rng_of(key)), is_child=base.is_child)
        return replace(upright, **truth)  # type: ignore[arg-type]

    yield example("as it is", lambda pixels, rng: pixels)
    yield example("mild", lambda pixels, rng: augmented(pixels, name, 1))
    yield example("tiny", lambda pixels, rng: tiny(pixels))
    for quarters in (1, 2, 3):
        turn = {"quarters": quarters, "fault": "turned"}
        yield example(f"turned {quarters}", partial(_turned, quarters), **turn)
    yield example("mirrored", spoiled.mirrored, is_mirrored=True, fault="mirrored")
    yield example("inverted", spoiled.inverted, is_inverted=True, fault="inverted")
    quarters = rng_of(name).randint(1, 3)
    both = {"quarters": quarters, "is_inverted": True, "fault": "turned"}
    yield example("turned and inverted", lambda pixels, rng: spoiled.turned(255 - pixels, quarters), **both)
    yield example("cut", lambda pixels, rng: spoiled.cut(pixels, base.lungs, rng), fault=CUT)
    yield example("several", lambda pixels, rng: spoiled.doubled(pixels, _some(others, rng), rng), fault=SEVERAL)
    for kind, spoil in (spoiled.DEGRADED | spoiled.ON_SCREEN).items():
        yield example(kind, spoil, fault=kind)


def rng_of(key: str) -> random.Random:
    """The random numbers of one example: the same whenever its pixels are made."""
    return random.Random(zlib.crc32(key.encode()))


def tiny(pixels: np.ndarray) -> np.ndarray:
    """Reduced to 64 pixels, as some pictures without a chest are: else a gate would learn sharpness."""
    image = Image.fromarray(pixels)
    image.thumbnail((TINY_SIDE, TINY_SIDE))
    return np.asarray(image)


def drawn_examples(each: int, seed: int = 0) -> Iterator[Example]:
    """``each`` pictures of every kind that is drawn from random numbers."""
    for kind, draw in drawn.DRAWN.items():
        for number in range(each):
            key = f"{seed} {kind} {number}"
            make = partial(_drawn, draw, key)
            yield Example(key, kind, make, view=NO_CHEST, fault=NO_CHEST)


def picture_examples(folder: Path) -> Iterator[Example]:
    """A folder of pictures that are no frontal chest. Its manifest.csv has the columns file and kind.

    Each is also shown turned and changed, as photographs come in any way; the kind "lateral" is a chest from the side.
    """
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        view = LATERAL if row["kind"] == LATERAL else NO_CHEST
        for change, make in changes_of(row["kind"], row["file"]).items():
            path = folder / row["file"]
            yield Example(
                f"{row['file']} {change}",
                row["kind"],
                partial(_changed, path, make),
                view=view,
                fault=view,
            )


def changes_of(kind: str, name: str) -> Mapping[str, Callable[[np.ndarray], np.ndarray]]:
    """More of what is rare: laterals and slices six times, others as they are and turned."""
    view = {f"view {number}": (lambda pixels, n=number: augmented(pixels, name, n)) for number in (1, 2)}
    plain = {"as it is": lambda pixels: pixels}
    if kind == LATERAL:
        back = {f"mirrored {key}": (lambda p, make=make: spoiled.mirrored(make(p))) for key, make in view.items()}
        return plain | view | back | {"mirrored": spoiled.mirrored}
    return plain | {"turned": lambda pixels: spoiled.turned(pixels, rng_of(name).randint(1, 3))}


def _turned(quarters: int, pixels: np.ndarray, rng: random.Random) -> np.ndarray:
    return spoiled.turned(pixels, quarters)


def _changed(path: Path, make: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return make(pixels_of(path))


def _drawn(draw: drawn.Draw, key: str) -> np.ndarray:
    return draw(rng_of(key))


def _some(others: Sequence[Base], rng: random.Random) -> list[np.ndarray]:
    return [pixels_of(base.path) for base in rng.sample(list(others), min(3, len(others)))]
