"""The bootstrap over cases (Efron, Annals of Statistics 7, 1979), as weights: how often each draw holds each case.

Every figure is a function of weighted sums, so that one product of matrices gives it for all draws at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diagnosis.estimates import LEVEL, Estimate

Floats = NDArray[np.float64]
DRAWS, SEED = 2000, 0
_MOST_UNDEFINED = 0.1


def weights(cases: int) -> Floats:
    """Shape (1 + DRAWS, cases): first each case once, then the draws, whose rows add up to `cases`."""
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(cases, np.full(cases, 1 / cases), size=DRAWS)
    return np.vstack([np.ones(cases), drawn]).astype(float)


def estimate(values: Floats) -> Estimate | None:
    """From the value of all cases and those of the draws: percentiles. None where it is undefined in too many draws."""
    point, draws = float(values[0]), values[1:]
    if not np.isfinite(point) or np.isnan(draws).mean() > _MOST_UNDEFINED:
        return None
    low, high = np.nanquantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(point, float(min(low, point)), float(max(high, point)))


def ratio(above: Floats, below: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) != 0)
