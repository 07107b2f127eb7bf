"""Near duplicates: the same radiograph again, recompressed, equalised, cropped a little, turned a little.

Public collections copy from each other, and a copy on both sides of a split makes any figure look better than it is.
A radiograph is compared by the low frequencies of a 32 x 32 thumbnail whose grey levels were replaced by their ranks
(so that contrast does not matter) and which fades out towards its edges (so that turning it a little does not matter),
as it is and after each of a few crops. Mirrored copies are not found.
Which descriptor, and why this threshold: docs/decisions/0030-near-duplicates.md.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

SIDE = 32
FREQUENCIES = 16
SIMILAR = 0.945
"""Cosine of two descriptors from which two images are one; different people reach it in 1 of 4 million pairs."""
CROPS = (1.0, 0.96, 0.92, 0.88)
"""Shares of a side that remain; what lies between them is near enough to one."""
SIMILARITIES_AT_ONCE = 16_000_000
"""64 MB of float32, whatever the number of images."""
DESCRIBED_AT_ONCE = 4096

Floats = NDArray[np.float32]


def fingerprint(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey pixels (height, width) uint8 → (32, 32) uint8: ranks of the grey levels of a thumbnail, 0..255."""
    thumbnail = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2)
    grey = np.asarray(thumbnail)
    counts = np.bincount(grey.ravel(), minlength=256)
    middle_rank = np.cumsum(counts) - counts / 2
    return (middle_rank[grey] * (255 / grey.size)).astype(np.uint8)


def near_duplicate_groups(
    fingerprints: NDArray[np.uint8], on_progress: Callable[[int, int], None] = lambda done, total: None
) -> NDArray[np.int64]:
    """Fingerprints (n, 32, 32) → group numbers (n,): images that are alike, or alike to a third, share one.

    Memory: 2 kB an image and 100 MB, however many are alike. Time grows with the square of the number: on two cores
    about 5 s for 10,000 images and 10 minutes for 100,000.
    """
    images = fingerprints.reshape(len(fingerprints), -1)
    parts = np.array_split(images, len(images) // DESCRIBED_AT_ONCE + 1)
    everything = np.concatenate([_describe(part, _uncropped()) for part in parts])
    groups = np.arange(len(images))
    rows = max(SIMILARITIES_AT_ONCE // max(len(images), 1), 1)
    for start in range(0, len(images), rows):
        block = images[start : start + rows]
        for projection in _projections():
            first, second = np.nonzero(_describe(block, projection) @ everything.T >= SIMILAR)
            groups = _components(groups[np.stack([first + start, second])], len(images))[groups]
        on_progress(min(start + rows, len(images)), len(images))
    return groups


def join_groups(groups: NDArray[np.int64], names: list[str | None]) -> NDArray[np.int64]:
    """Groups in which all images of one name, such as a patient, are together; None joins nothing."""
    numbers: dict[str, int] = {}
    named = [(index, numbers.setdefault(name, len(numbers))) for index, name in enumerate(names) if name is not None]
    images = np.array([index for index, _ in named], dtype=np.int64)
    nodes = np.array([number for _, number in named], dtype=np.int64) + len(names)
    edges = np.concatenate([np.stack([np.arange(len(names)), groups + len(names) + len(numbers)]), [images, nodes]], 1)
    return _components(edges, 2 * len(names) + len(numbers))[: len(names)]


def _components(edges: NDArray[np.int64], nodes: int) -> NDArray[np.int64]:
    graph = coo_matrix((np.ones(edges.shape[1], dtype=bool), (edges[0], edges[1])), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _describe(images: NDArray[np.uint8], projection: Floats) -> Floats:
    """(n, 1024) uint8 → (n, frequencies) of length 1; a constant image gives zeros, alike to nothing."""
    described = (images - images.mean(axis=1, keepdims=True, dtype=np.float32)) @ projection
    length = np.linalg.norm(described, axis=1, keepdims=True)
    return np.divide(described, length, out=np.zeros_like(described), where=length > 1)


@cache
def _projections() -> tuple[Floats, ...]:
    """One (1024, frequencies) matrix for each crop: cropping is linear too, so each costs one product."""
    return tuple(_crop(share) @ _uncropped() for share in CROPS)


@cache
def _uncropped() -> Floats:
    """The image, fading out towards its edges, in low frequencies that are weighted by their 1.5th power.

    Radiographs lose strength a little faster than with the inverse of the frequency; so all weigh about alike.
    """
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    frequency = np.hypot(across, down)
    window = np.outer(fade := np.sin(np.pi * (np.arange(SIDE) + 0.5) / SIDE), fade)
    pixels = np.eye(SIDE * SIDE).reshape(-1, SIDE, SIDE) * window
    basis = dctn(pixels, axes=(1, 2), norm="ortho") * frequency**1.5
    return basis[:, (frequency > 0) & (frequency < FREQUENCIES)].astype(np.float32)


def _crop(share: float) -> Floats:
    """(1024, 1024): an image times it shows its middle `share` of each side, stretched, by bilinear interpolation."""
    line = np.zeros((SIDE, SIDE), dtype=np.float32)
    at = (SIDE - 1) / 2 + share * (np.arange(SIDE) - (SIDE - 1) / 2)
    before, target = np.minimum(at.astype(int), SIDE - 2), np.arange(SIDE)
    line[before, target] = before + 1 - at
    line[before + 1, target] = at - before
    return np.kron(line, line)
