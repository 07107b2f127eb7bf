"""What the site's own engine does without the site: how fast it is, and what it answers."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.load.pictures import picture
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.serving import load_classifier

DRAWERS = 2
"""Threads that make radiographs, so that the engine does not wait for them."""


@cache
def _classifier() -> Classifier:
    return load_classifier()


def bare_rate(seconds: float) -> float:
    """Radiographs per second of the engine alone, asked by one thread: pixels that are ready in, numbers out."""
    views = [2] if _classifier().artifact.preprocessing.reads_lungs else []
    image = np.random.default_rng(0).uniform(0, 255, (1, *views, 224, 224, 3)).astype(np.float32)
    _classifier().engine.run(image)
    started, number = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        _classifier().engine.run(image)
        number += 1
    return number / (time.perf_counter() - started)


def pictures(number: int, folder: str) -> list[dict[str, Any]]:
    """This many radiographs in the folder, each with its answer (bench.load.plan.Picture)."""
    with ThreadPoolExecutor(DRAWERS) as pool:
        made = pool.map(lambda seed: picture(_classifier(), seed, Path(folder)), range(number))
    return [asdict(one) for one in made if one]


def engine_name() -> str:
    return f"{_classifier().engine.name}, {_classifier().model_version}"


def tables() -> int:
    """How many there are in the database of DATABASE_URL."""
    from django.db import connection

    return len(connection.introspection.table_names())


CALLS = {"tables": tables, "bare_rate": bare_rate, "pictures": pictures, "engine_name": engine_name}
