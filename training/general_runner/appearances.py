"""What readers would call a radiograph: a head fitted on readings that are not held back, judged on those that are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from diagnosis.findings import Appearance
from diagnosis.inference.appearances import COLUMNS, AppearanceHead, head_inputs
from diagnosis.inference.views import VIEWS
from training.evaluation.appearance_judgement import AppearanceFigures, appearance_figures
from training.fitting.appearances import AppearanceConfig, ReadPictures, fit_appearances, probabilities
from training.fitting.general_features import rows_of
from training.general_runner.preparation import Prepared

PART = 64
"""Maps that are in memory at a time."""


@dataclass(frozen=True)
class FittedAppearances:
    head: AppearanceHead
    figures: AppearanceFigures


def fitted_appearances(prepared: Prepared, config: AppearanceConfig) -> FittedAppearances | None:
    """None where the readings lack one of the four, among what is learned from or what is held back."""
    rows = np.concatenate([prepared.cells.read, prepared.cells.held_back])
    is_held_back = np.arange(len(rows)) >= len(prepared.cells.read)
    kinds = np.array([COLUMNS.index(Appearance(prepared.readings[row].reading)) for row in rows], dtype=np.int64)
    if any(len(set(kinds[part].tolist())) < len(COLUMNS) for part in (is_held_back, ~is_held_back)):
        return None
    pictures = read_pictures(prepared, rows, kinds)
    head = fit_appearances(pictures.some(np.flatnonzero(~is_held_back)), config)
    judged = pictures.some(np.flatnonzero(is_held_back))
    found = probabilities(head, judged.inputs)
    return FittedAppearances(head, appearance_figures(found, judged.appearances, judged.groups))


def read_pictures(prepared: Prepared, rows: NDArray[np.int64], kinds: NDArray[np.int64]) -> ReadPictures:
    """Of some rows of the readings, from what is on disk."""
    gathered, first = prepared.gathered, len(prepared.gathered.samples) - len(prepared.readings)
    samples = [gathered.samples[first + row] for row in rows]
    values = prepared.store.tensors(0)
    features = np.stack([values[rows_of(prepared.store, samples, view)] for view in VIEWS], axis=1)
    parts = [maps_of(prepared, rows[start : start + PART]) for start in range(0, len(rows), PART)]
    quarters, opacity = (np.concatenate(each) for each in zip(*parts, strict=True))
    blocks = head_inputs(features, quarters, opacity)
    widths = [block.shape[1] for block in blocks]
    return ReadPictures(np.concatenate(blocks, axis=1), widths, kinds, gathered.groups[first + rows])


def maps_of(prepared: Prepared, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the lungs' view: averages over quarters of the finest map, (n, 2, 2, channels); opacity, (n, rows, rows)."""
    maps = prepared.maps[rows]
    finest = maps[..., : prepared.maps.store.shapes[0][-1]]
    half = finest.shape[1] // 2
    quarters = finest.reshape(len(maps), 2, half, 2, half, -1).mean(axis=(2, 4))
    return quarters, expit(prepared.opacity.logits(maps))
