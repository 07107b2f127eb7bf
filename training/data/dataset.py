"""Folders of radiographs → samples and refusals.

A data set is DIR/Train/{COVID,Non-COVID} and, if there is one, DIR/Test/{COVID,Non-COVID}; or the two class folders
alone, which are then all "train". Every file goes through the reader and the gate that the site uses. Pixels are not
kept: a sample has a key of its pixels and a small fingerprint, so 100,000 images take about 250 MB.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from diagnosis.errors import RadiographRejected
from diagnosis.findings import CLASS_NAMES, COVID_INDEX
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.inference.gate import check_assessable
from diagnosis.inference.gate.doubtful import refuse_doubtful
from training.data.manifest import UNKNOWN, Origin, read_manifest
from training.data.near_duplicates import fingerprint

Part = Literal["train", "test", "extra"]
Progress = Callable[[int, int], None]

PARTS: dict[str, Part] = {"Train": "train", "Test": "test"}
FEWEST_PER_CLASS = 7
"""So that 15 % of a class is at least one image."""


class DatasetError(Exception):
    """The folder cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Sample:
    """One image that can be trained or tested on.

    name: path below the data set's folder with forward slashes; unique. label: index in CLASS_NAMES (0 COVID).
    part: "extra" images are negatives or positives for training only. content_key: SHA-256 of the decoded pixels and
    their shape. fingerprint: (32, 32) uint8 of near_duplicates. origin: finer than source, where the manifest has it.
    reading: what readers saw, where it is known.
    """

    name: str
    path: Path
    label: int
    part: Part
    source: str | None
    patient: str | None
    content_key: str
    fingerprint: np.ndarray = field(repr=False, compare=False)
    origin: str | None = None
    reading: str | None = None

    @property
    def hospital(self) -> str:
        """The finest name of where it comes from, "" where nothing is known."""
        return self.origin or self.source or ""


@dataclass(frozen=True)
class RefusedImage:
    """One image that the reader or the gate refused, and why."""

    name: str
    label: int
    part: Part
    reason: str


@dataclass(frozen=True)
class Refused:
    """How many images of each class the reader or the gate refused."""

    covid: int = 0
    non_covid: int = 0


NONE_REFUSED = Refused()


@dataclass(frozen=True)
class Dataset:
    """Everything below the folder, in the order of part, class and name."""

    root: Path
    samples: tuple[Sample, ...]
    refusals: tuple[RefusedImage, ...]

    def refused(self, part: Part) -> Refused:
        """How many of each class were refused; the evaluation counts them as wrong."""
        labels = [refusal.label for refusal in self.refusals if refusal.part == part]
        return Refused(labels.count(COVID_INDEX), len(labels) - labels.count(COVID_INDEX))


@dataclass(frozen=True)
class _File:
    name: str
    path: Path
    label: int
    part: Part
    origin: Origin = UNKNOWN


def read_dataset(
    root: Path,
    *,
    extra: Sequence[Path] = (),
    strict: bool = False,
    limit: int | None = None,
    fewest_per_class: int = FEWEST_PER_CLASS,
    on_progress: Progress = lambda done, total: None,
) -> Dataset:
    """Decode every image below `root` and the `extra` folders (class folders, one or both; for training only).

    `strict` stops at the first image that is refused. `limit` takes this many images of `root` and of each extra
    folder, evenly spread. Raises DatasetError: before any image is decoded for folders that are missing, unknown or
    too small, afterwards where refusals leave too few.
    """
    files = _limited(_main_files(root), limit)
    for folder in extra:
        files += _limited(_extra_files(folder), limit)
    _check_names(files)
    _check_counts(root, [(file.part, file.label) for file in files], fewest_per_class)
    samples, refusals = _decode(files, strict, on_progress)
    _check_counts(root, [(sample.part, sample.label) for sample in samples], fewest_per_class)
    return Dataset(root, tuple(samples), tuple(refusals))


def read_image(path: Path) -> Radiograph:
    """The reader and the gate of the site. Raises RadiographRejected."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RadiographRejected(f"The file could not be read ({error.strerror}).", code="unreadable") from error
    radiograph = read_radiograph(content)
    check_assessable(radiograph)
    refuse_doubtful(radiograph.doubts, is_seen=False)
    return radiograph


def _main_files(root: Path) -> list[_File]:
    folders = _folders(root)
    if not folders & set(PARTS):
        return _with_origins(root, _class_files(root, "train", root, CLASS_NAMES))
    _refuse_unknown(root, folders, set(PARTS))
    if "Train" not in folders:
        raise DatasetError(f"{root} has a Test folder but no Train folder; training needs Train/COVID and so on.")
    parts = [(root / name, part) for name, part in PARTS.items() if name in folders]
    return _with_origins(
        root, [file for folder, part in parts for file in _class_files(folder, part, root, CLASS_NAMES)]
    )


def _extra_files(root: Path) -> list[_File]:
    """Names begin with the folder's own name, so that they differ from those of the data set."""
    present = [name for name in CLASS_NAMES if name in _folders(root)]
    if not present:
        raise DatasetError(f"{root} holds no class folder; extra images stand in {' or '.join(CLASS_NAMES)}.")
    return _with_origins(root, _class_files(root, "extra", root.parent, present))


def _class_files(folder: Path, part: Part, base: Path, required: Sequence[str]) -> list[_File]:
    """The images of the class folders in `folder`, in the order of CLASS_NAMES and names."""
    found = _folders(folder)
    _refuse_unknown(folder, found, set(CLASS_NAMES))
    if missing := sorted(set(required) - found):
        raise DatasetError(f"{folder} lacks the class folder {missing[0]}; it must hold {' and '.join(CLASS_NAMES)}.")
    return [
        _File(path.relative_to(base).as_posix(), path, CLASS_NAMES.index(name), part)
        for name in required
        for path in _images(folder / name)
    ]


def _with_origins(root: Path, files: list[_File]) -> list[_File]:
    """What the folder's manifest.csv, if there is one, says of each file."""
    try:
        origins = read_manifest(root / "manifest.csv")
    except ValueError as error:
        raise DatasetError(f"{root / 'manifest.csv'} {error}") from error
    named = [origins.get(file.path.relative_to(root).as_posix()) for file in files]
    if origins and not any(named):
        raise DatasetError(f"{root / 'manifest.csv'} names none of the images; its paths must start below {root}.")
    return [replace(file, origin=origin or UNKNOWN) for file, origin in zip(files, named, strict=True)]


def _images(folder: Path) -> list[Path]:
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if inner := [path.name for path in entries if path.is_dir()]:
        raise DatasetError(f"{folder} holds a folder ({inner[0]}); the image files themselves must stand in it.")
    if not entries:
        raise DatasetError(f"{folder} holds no image.")
    return entries


def _folders(root: Path) -> set[str]:
    if not root.is_dir():
        raise DatasetError(f"There is no folder {root}.")
    return {path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")}


def _refuse_unknown(root: Path, found: set[str], known: set[str]) -> None:
    if unknown := sorted(found - known):
        raise DatasetError(
            f"{root} holds a folder {unknown[0]} that means nothing here; only {' and '.join(sorted(known))} are known."
        )


def _limited(files: list[_File], limit: int | None) -> list[_File]:
    if limit is None or limit >= len(files):
        return files
    return [files[index] for index in np.linspace(0, len(files) - 1, limit).round().astype(int)]


def _check_names(files: list[_File]) -> None:
    name, times = Counter(file.name for file in files).most_common(1)[0]
    if times > 1:
        raise DatasetError(f"Two images are called {name}; give the extra folders names of their own.")


def _check_counts(root: Path, found: list[tuple[Part, int]], fewest: int) -> None:
    """Every class of Train must fill its share of each part; a Test folder needs one image of each class."""
    counts = Counter(found)
    needed: dict[Part, int] = {"train": fewest, "test": 1 if any(part == "test" for part, _ in counts) else 0}
    for label, name in enumerate(CLASS_NAMES):
        for part, fewest_here in needed.items():
            if (count := counts[part, label]) < fewest_here:
                raise DatasetError(
                    f"{root} gives {count} usable {name} images for {part}, and at least {fewest_here} are needed."
                )


def _decode(files: list[_File], strict: bool, on_progress: Progress) -> tuple[list[Sample], list[RefusedImage]]:
    samples: list[Sample] = []
    refusals: list[RefusedImage] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # Pillow and hashlib let go of the interpreter's lock
        for done, result in enumerate(pool.map(_sample, files), start=1):
            if isinstance(result, Sample):
                samples.append(result)
            elif strict:
                pool.shutdown(wait=False, cancel_futures=True)
                raise DatasetError(f"{result.name} cannot be used: {result.reason}")
            else:
                refusals.append(result)
            on_progress(done, len(files))
    return samples, refusals


def _sample(file: _File) -> Sample | RefusedImage:
    try:
        pixels = read_image(file.path).pixels
    except RadiographRejected as error:
        return RefusedImage(file.name, file.label, file.part, str(error))
    key, origin = content_key(pixels), file.origin
    mark = fingerprint(pixels)
    known = (origin.source, origin.patient, key, mark, origin.origin, origin.reading)
    return Sample(file.name, file.path, file.label, file.part, *known)


def content_key(pixels: np.ndarray) -> str:
    """SHA-256, hexadecimal, of the shape and the pixels (height, width) uint8."""
    height, width = pixels.shape
    return hashlib.sha256(f"{height}x{width}:".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()
