"""One stretch for values of more than 8 bits without a usable window: from the 0.5th to the 99.5th percentile.

What lies far off at either end, behind a wide gap without a single pixel, is a border or a marker and not part of the
picture: it is left out of the percentiles, and becomes black or white.
"""

import numpy as np

from diagnosis.imaging.levels import row_blocks

_EDGES = (0.005, 0.995)
_LARGEST_SHARE_APART = 0.4
"""Of all pixels, that may be border: half of a picture is never left out."""
_LEVELS_OF_NOTHING, _LARGEST_SHARE_OF_NOTHING = 2, 0.8
"""A border of one or two values, as shutters and paddings have, may be more of the picture."""
_WIDEST_GAP = 0.5
"""Of the picture's own range: a gap wider than this parts a border from the picture."""
_FEWEST_LEVELS = 32
_MOST_BORDERS = 4


def value_counts(stored: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    """How many pixels have each value from lowest to highest."""
    counts = np.zeros(highest - lowest + 1, np.int64)
    for rows in row_blocks(stored):
        counts += np.bincount(stored[rows].ravel().astype(np.intp) - lowest, minlength=len(counts))
    return counts


def stretched(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Map ascending or descending values, each with its number of pixels, to 0..1; beyond it where they lie outside."""
    low, high = picture_range(values, counts)
    return (values - low) / (high - low) if high > low else np.zeros(values.shape)


def picture_range(values: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """The values at the outermost half per cents of the picture without its borders."""
    used = np.flatnonzero(counts)
    if not len(used):
        return 0.0, 0.0
    order = used[np.argsort(values[used], kind="stable")]
    kept = _without_borders(values[order].astype(np.float64), counts[order])
    share = np.cumsum(counts[order][kept])
    first, last = (int(np.searchsorted(share, edge * share[-1])) for edge in _EDGES)
    picture = values[order][kept]
    return float(picture[first]), float(picture[min(last, len(picture) - 1)])


def _without_borders(values: np.ndarray, counts: np.ndarray) -> slice:
    """The part of these ascending values that is the picture."""
    start, stop, total = 0, len(values), int(counts.sum())
    for _ in range(_MOST_BORDERS):
        if stop - start < _FEWEST_LEVELS + 1:
            break
        gaps = np.diff(values[start:stop])
        cut = start + int(np.argmax(gaps)) + 1
        below, above = int(counts[start:cut].sum()), int(counts[cut:stop].sum())
        is_nothing = min(cut - start, stop - cut) <= _LEVELS_OF_NOTHING
        is_upper_kept = cut - start < stop - cut if is_nothing else below < above
        keep, dropped = ((cut, stop), below) if is_upper_kept else ((start, cut), above)
        share = _LARGEST_SHARE_OF_NOTHING if is_nothing else _LARGEST_SHARE_APART
        left_out = share * total - int(counts[:start].sum() + counts[stop:].sum())
        is_apart = gaps.max() > _WIDEST_GAP * (values[keep[1] - 1] - values[keep[0]])
        if dropped > left_out or keep[1] - keep[0] < _FEWEST_LEVELS or not is_apart:
            break
        start, stop = keep
    return slice(start, stop)
