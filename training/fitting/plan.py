"""What a run is asked to do, and what comes out of its training."""

from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from training.data.dataset import Dataset
from training.data.splits import Split
from training.fitting.recipe import Recipe
from training.fitting.trainer import RunFolder


@dataclass(frozen=True)
class Plan:
    """Where a run reads and writes, apart from its recipe.

    extra: folders with more images for training only. originals: full-size images for the audit of sizes.
    external: collections that are only measured, never trained on. cache: None for --no-feature-cache.
    notes: sentences for the card. command: how to run it again.
    """

    recipe: Recipe
    data: Path
    output: Path
    name: str
    cache: Path | None
    extra: tuple[Path, ...] = ()
    originals: Path | None = None
    external: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    limit: int | None = None
    strict: bool = False
    resume: bool = False
    command: str = ""

    @property
    def work(self) -> Path:
        """What an interrupted run leaves, and --resume goes on with."""
        return self.output / f".training-{self.name}"


@dataclass(frozen=True)
class Trained:
    """A trained network, its tensors rounded as they are stored, and raw COVID probabilities of each part."""

    plan: Plan
    dataset: Dataset
    split: Split
    network: keras.Model = field(repr=False)
    folder: RunFolder = field(repr=False)
    predictions: dict[str, np.ndarray] = field(repr=False)
    seconds: float
