"""Lung fields: where the two lungs are in a radiograph, as a mask with its box, outlines, areas and certainty.

The U-Net's graph (training/lungs) belongs to a model version. This module makes its input and reads its output; the
gate, the crop for the network and the outlines in the viewer all come from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

SIDE = 96
"""Side of the lung network's square input and of the mask, in pixels; the picture is stretched to it."""
DARKEST, BRIGHTEST = 1.0, 99.0
"""Percentiles of the small picture that become 0 and 1."""
INSIDE = 0.5
"""A place with at least this probability is lung."""
SMALLEST_LUNG = 0.01
"""Share of the picture; smaller parts of the mask are left out."""
Outline = list[tuple[float, float]]
"""Corners of a closed polygon, (x, y) as fractions of width and height."""
REDUCING_GAP = 2.0
"""Large pictures are first reduced by a whole number, to at least twice the size that is wanted: much faster."""


@dataclass(frozen=True)
class Box:
    """A rectangle in a picture, as fractions of its width and height: 0 is left and top, 1 right and bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def widened(self, margin: float) -> "Box":
        """The box with ``margin`` of its width and height added on each side, as far as the picture goes."""
        across, down = margin * self.width, margin * self.height
        left, top = max(self.left - across, 0.0), max(self.top - down, 0.0)
        return Box(left, top, min(self.right + across, 1.0), min(self.bottom + down, 1.0))


WHOLE_PICTURE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class LungFields:
    """What the lung network sees.

    probability: (96, 96) float32 in [0, 1], of lung at each place of the whole picture.
    labels: (96, 96) uint8: 0 outside, 1 the lung on the left of the picture, 2 the one on its right. One lung is 1.
    """

    probability: np.ndarray
    labels: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """(96, 96) bool, both lungs."""
        return self.labels > 0

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """Of each lung, from left to right; at most two."""
        return tuple(box_of(self.labels == label) for label in range(1, int(self.labels.max()) + 1))

    @cached_property
    def areas(self) -> tuple[float, ...]:
        """Share of the picture that each lung takes, in the order of ``boxes``."""
        return tuple(float((self.labels == label).mean()) for label in range(1, int(self.labels.max()) + 1))

    @property
    def box(self) -> Box:
        """Around both lungs; the whole picture where none was found."""
        return box_of(self.mask) if self.boxes else WHOLE_PICTURE

    @cached_property
    def certainty(self) -> float:
        """From 0 to 1: how clear-cut the mask is.

        1 less the doubt p (1 - p), summed over the picture, over the length of the lungs' outline: a sure network is
        in doubt only along the edge.
        """
        doubt = float((self.probability * (1 - self.probability)).sum())
        edge = outline_length(self.mask)
        return max(0.0, 1 - doubt / edge) if edge else 0.0


def lung_input(pixels: np.ndarray) -> np.ndarray:
    """Turn (height, width) uint8 grey pixels into (96, 96, 1) float32 in [0, 1], the lung network's input."""
    small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=REDUCING_GAP)
    return stretched(np.asarray(small, np.float32))[:, :, np.newaxis]


def stretched(grey: np.ndarray) -> np.ndarray:
    """Grey levels from the 1st to the 99th percentile spread over [0, 1], float32; what lies outside is clipped."""
    darkest, brightest = np.percentile(grey, (DARKEST, BRIGHTEST))
    return np.clip((grey - darkest) / max(float(brightest - darkest), 1e-3), 0, 1).astype(np.float32)


def read_lung_fields(probability: np.ndarray) -> LungFields:
    """The network's output for one picture, (96, 96) in [0, 1] -> its two largest connected parts as lungs."""
    parts = connected_parts(probability >= INSIDE)
    sizes = np.bincount(parts.ravel())[1:]
    largest = [part for part in np.argsort(-sizes, kind="stable")[:2] + 1 if sizes[part - 1] >= SMALLEST_LUNG * SIDE**2]
    labels = np.zeros(parts.shape, np.uint8)
    for label, part in enumerate(sorted(largest, key=lambda part: np.nonzero(parts == part)[1].mean()), start=1):
        labels[parts == part] = label
    return LungFields(probability.astype(np.float32), labels)


def connected_parts(mask: np.ndarray) -> np.ndarray:
    """Number the parts of a mask that hang together by their sides: (rows, cols) bool -> int, 0 outside, then 1, 2 …

    Runs of each row are joined with those above that they touch (union-find): about a millisecond for 96 x 96.
    """
    runs = list(_runs(mask))
    parents = list(range(len(runs)))
    above: list[int] = []
    row = -1
    current: list[int] = []
    for index, (run_row, start, stop) in enumerate(runs):
        if run_row != row:
            above, current, row = (current if run_row == row + 1 else []), [], run_row
        current.append(index)
        for other in above:
            if runs[other][1] < stop and start < runs[other][2]:
                parents[_root(parents, other)] = _root(parents, index)
    parts = np.zeros(mask.shape, np.intp)
    numbers: dict[int, int] = {}
    for index, (run_row, start, stop) in enumerate(runs):
        parts[run_row, start:stop] = numbers.setdefault(_root(parents, index), len(numbers) + 1)
    return parts


def box_of(mask: np.ndarray) -> Box:
    """The smallest box around the True places of a (rows, cols) mask that has some."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return Box(
        float(cols[0] / width), float(rows[0] / height), float((cols[-1] + 1) / width), float((rows[-1] + 1) / height)
    )


def outline_length(mask: np.ndarray) -> int:
    """Sides between a place of the mask and one outside, in pixels."""
    padded = np.pad(mask, 1)
    return int((padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum())


def outlines(lungs: LungFields) -> list[Outline]:
    """The outline of each lung as a closed polygon of (x, y), fractions of width and height, for drawing.

    It follows the level 0.5 between the places of the mask, by linear interpolation along each row: a lung's left edge
    from top to bottom, then its right edge back up.
    """
    return [_polygon(lungs.labels == label, lungs.probability) for label in range(1, len(lungs.boxes) + 1)]


def _polygon(mask: np.ndarray, probability: np.ndarray) -> Outline:
    rows = np.flatnonzero(mask.any(axis=1))
    left, right = [], []
    for row in rows:
        cols = np.flatnonzero(mask[row])
        y = float((row + 0.5) / SIDE)
        left.append((_crossing(probability[row], int(cols[0]), -1), y))
        right.append((_crossing(probability[row], int(cols[-1]), 1), y))
    return left + right[::-1]


def _crossing(row: np.ndarray, inside: int, step: int) -> float:
    """Where the probability passes 0.5 between the place ``inside`` and its neighbour, as a fraction of the width."""
    outside = inside + step
    if not 0 <= outside < SIDE or row[outside] >= INSIDE:
        return (inside + 0.5 + step / 2) / SIDE
    share = float((row[inside] - INSIDE) / max(row[inside] - row[outside], 1e-6))
    return (inside + 0.5 + step * min(max(share, 0.0), 1.0)) / SIDE


def _runs(mask: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(row, start, stop) of each run of True places, row by row."""
    changes = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, stops = np.nonzero(changes == 1), np.nonzero(changes == -1)
    return zip(starts[0].tolist(), starts[1].tolist(), stops[1].tolist(), strict=True)


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index
