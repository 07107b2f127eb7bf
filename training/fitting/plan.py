"""What a run is asked to do, and what comes out of its training."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import keras
import numpy as np

from diagnosis.findings import Classes
from diagnosis.inference.artifacts import checked_version
from training.data.classes import ClassChoice
from training.data.dataset import Dataset, DatasetError
from training.data.splits import Split
from training.evaluation.leave_out import LeftOut
from training.fitting.parts import Shard
from training.fitting.recipe import Recipe
from training.fitting.trainer import RunFolder

_MARK = ".training-"


def work_folder(output: Path, name: str) -> Path:
    return output / f"{_MARK}{name}"


@dataclass(frozen=True)
class Interrupted:
    """A run that was not finished: its name, and when it last kept something."""

    name: str
    folder: Path
    last: datetime

    def __str__(self) -> str:
        size = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        return f"{self.name} (last step {self.last:%Y-%m-%d %H:%M}, {size / 1e6:.0f} MB)"


def interrupted_runs(output: Path) -> list[Interrupted]:
    """Those below the folder of versions, the newest first."""
    folders = [path for path in output.glob(f"{_MARK}*") if path.is_dir()]
    runs = [Interrupted(path.name.removeprefix(_MARK), path, _last_change(path)) for path in folders]
    return sorted(runs, key=lambda run: run.last, reverse=True)


def forget_half_written(output: Path, name: str) -> None:
    """Delete what a run that was killed while it wrote its version has left: `new_version` names its folder so."""
    for path in output.glob(f".{name}-{'?' * 8}"):
        if path.is_dir() and not path.name.startswith(_MARK):
            shutil.rmtree(path)


def check_free(output: Path, name: str, *, resume: bool) -> None:
    """Raises FileExistsError for a version that exists, DatasetError for a run that was begun and is not resumed."""
    if (output / checked_version(name)).exists():
        raise FileExistsError(f"{output / name} exists already; a version never changes. Choose a --name.")
    if work_folder(output, name).exists() and not resume:
        raise DatasetError(
            f"An interrupted run {name} is there: go on with --resume, or delete it with --discard. "
            f"Interrupted runs: {', '.join(map(str, interrupted_runs(output)))}."
        )


def _last_change(folder: Path) -> datetime:
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in (folder, *folder.rglob("*"))))


@dataclass(frozen=True)
class Plan:
    """Where a run reads and writes, apart from its recipe.

    extra: folders with more images for training only. originals: full-size images for the audit of sizes.
    external: collections that are only measured, never trained on. cache: None for --no-feature-cache.
    notes: sentences for the card. command: how to run it again. choice: of classes other than COVID and Non-COVID.
    shard: compute this share of the features, and end.
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
    tensorboard: Path | None = None
    choice: ClassChoice | None = None
    shard: Shard | None = None

    @property
    def work(self) -> Path:
        """What an interrupted run leaves, and --resume goes on with."""
        return work_folder(self.output, self.name)

    def for_classes(self, classes: Classes) -> "Plan":
        """The same run with as many outputs as the data have classes."""
        head = replace(self.recipe.head, outputs=len(classes.names), multi_label=classes.is_multi_label)
        return replace(self, recipe=replace(self.recipe, head=head))


@dataclass(frozen=True)
class Trained:
    """A trained network, its tensors rounded as they are stored, and raw probabilities (n, classes) of each part.

    left_out: of classes of its own, what a head said that had not seen the source; empty where it was not tried.
    """

    plan: Plan
    dataset: Dataset
    split: Split
    network: keras.Model = field(repr=False)
    folder: RunFolder = field(repr=False)
    predictions: dict[str, np.ndarray] = field(repr=False)
    seconds: float
    left_out: tuple[LeftOut, ...] = field(default=(), repr=False)
