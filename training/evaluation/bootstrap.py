"""Bootstrap intervals: the same images drawn again and again, as weights, for any figure at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
WEIGHTS_AT_ONCE = 4_000_000

Floats = NDArray[np.float64]


class Resampling:
    """Draws groups of images with replacement, within each class, always in the same order for one seed.

    Without `groups` each image is its own group. A group with images of both classes is drawn with the COVID ones.
    Drawing whole groups (near duplicates, one patient) keeps intervals from being too narrow.
    """

    def __init__(self, positive: NDArray[np.bool_], groups: ArrayLike | None, seed: int) -> None:
        names = np.arange(len(positive)) if groups is None else np.asarray(groups)
        _, self._group_of = np.unique(names, return_inverse=True)
        with_covid = np.bincount(self._group_of, positive) > 0
        self._strata = [np.flatnonzero(with_covid), np.flatnonzero(~with_covid)]
        self._groups, self._seed = len(with_covid), seed

    def apply(self, compute: Callable[[Floats], Floats], resamples: int = RESAMPLES) -> Floats:
        """`compute` gets weights (some resamples, images) and returns (same, figures); all figures are stacked.

        At most `WEIGHTS_AT_ONCE` weights (32 MB) are in memory at a time.
        """
        rng = np.random.default_rng(self._seed)
        step = max(WEIGHTS_AT_ONCE // max(len(self._group_of), 1), 1)
        sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
        return np.concatenate([compute(self._draw(rng, size)[:, self._group_of]) for size in sizes])

    def _draw(self, rng: np.random.Generator, size: int) -> Floats:
        """How often each group was drawn: (size, groups)."""
        rows = np.arange(size)[:, None] * self._groups
        counts = np.zeros(size * self._groups)
        for stratum in self._strata:
            if len(stratum):
                drawn = stratum[rng.integers(len(stratum), size=(size, len(stratum)))]
                counts += np.bincount((rows + drawn).ravel(), minlength=len(counts))
        return counts.reshape(size, self._groups)
