"""Timing for the sides."""

import time
from collections.abc import Callable

import numpy as np

MATRIX_SIDE = 4096


def per_call(call: Callable[[], object], calls: int) -> float:
    """Mean seconds of a call, over `calls` of them in a row."""
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - started) / calls


def matrices() -> tuple[np.ndarray, np.ndarray]:
    """Two square float32 matrices; their product takes 2 · 4096³ floating-point operations."""
    rng = np.random.default_rng(0)
    one, other = (rng.random((MATRIX_SIDE, MATRIX_SIDE), np.float32) for _ in range(2))
    return one, other


def gigaflops(seconds: float) -> float:
    return 2 * MATRIX_SIDE**3 / seconds / 1e9
