"""Values to grey levels by a table, block by block: an index array over 40 megapixels at once would take 320 MB."""

from collections.abc import Iterator

import numpy as np

_ROWS_AT_ONCE = 256


def levels_applied(stored: np.ndarray, lowest: int, levels: np.ndarray) -> np.ndarray:
    """Return `levels[stored - lowest]` as uint8."""
    shown = np.empty(stored.shape, np.uint8)
    for rows in row_blocks(stored):
        shown[rows] = levels[stored[rows].astype(np.intp) - lowest]
    return shown


def row_blocks(pixels: np.ndarray) -> Iterator[slice]:
    """Cut the rows into blocks."""
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, pixels.shape[0], _ROWS_AT_ONCE))
