"""Folders of radiographs → samples and refusals.

A data set is DIR/Train/{COVID,Non-COVID} and, if there is one, DIR/Test/{COVID,Non-COVID}; or the two class folders
alone, which are then all "train". With a ClassChoice the folders may have any names, or the manifest alone says which
classes a picture has. Every file goes through the reader and the gate that the site uses. Pixels are not
kept: a sample has a key of its pixels and a small fingerprint, so 100,000 images take about 250 MB.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from diagnosis.errors import RadiographRejected
from diagnosis.findings import CLASS_NAMES, COVID_INDEX, USUAL_CLASSES, Classes
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.imaging.radiograph import Radiograph, read_radiograph
from diagnosis.inference.gate import check_assessable
from diagnosis.inference.gate.doubtful import refuse_doubtful
from training.data.classes import ClassChoice, in_order, names_in, truth_of
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

    name: path below the data set's folder with forward slashes; unique. label: index in the data set's classes (0 the
    leading one, COVID); where a picture may have several, 0 with the leading one and 1 without it, and together has
    the indices of all that it has.
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
    together: tuple[int, ...] = ()

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
    together: tuple[int, ...] = ()


@dataclass(frozen=True)
class Refused:
    """How many images of each class the reader or the gate refused. each: of a data set with classes of its own."""

    covid: int = 0
    non_covid: int = 0
    each: tuple[int, ...] = ()


NONE_REFUSED = Refused()


@dataclass(frozen=True)
class Dataset:
    """Everything below the folder, in the order of part, class and name."""

    root: Path
    samples: tuple[Sample, ...]
    refusals: tuple[RefusedImage, ...]
    classes: Classes = USUAL_CLASSES

    def refused(self, part: Part) -> Refused:
        """How many of each class were refused; the evaluation counts them as wrong."""
        return refused_of([refusal for refusal in self.refusals if refusal.part == part], self.classes)


def refused_of(images: Sequence[Sample | RefusedImage], classes: Classes) -> Refused:
    """How many of each class there are."""
    covid = sum(image.label == COVID_INDEX for image in images)
    each = () if classes.are_usual else tuple(truth_of(images, classes).sum(axis=0).tolist())
    return Refused(covid, len(images) - covid, each)


@dataclass(frozen=True)
class _File:
    """label: -1 until a folder's own classes are in order. folder: its class folder."""

    name: str
    path: Path
    label: int
    part: Part
    folder: str = ""
    origin: Origin = UNKNOWN
    together: tuple[int, ...] = ()


def read_dataset(
    root: Path,
    *,
    extra: Sequence[Path] = (),
    strict: bool = False,
    limit: int | None = None,
    fewest_per_class: int = FEWEST_PER_CLASS,
    choice: ClassChoice | None = None,
    classes: Classes | None = None,
    on_progress: Progress = lambda done, total: None,
) -> Dataset:
    """Decode every image below `root` and the `extra` folders (class folders, one or both; for training only).

    `strict` stops at the first image that is refused. `limit` takes this many images of `root` and of each extra
    folder, evenly spread. `choice`: the folders have classes of their own; `classes` are those of a version, where
    they are judged by it and need not all be there. Raises DatasetError: before any image is decoded for folders that
    are missing, unknown or too small, afterwards where refusals leave too few.
    """
    if choice:
        folders, found = _own_classes(root, extra, choice, classes)
    else:
        folders, found = [_main_files(root), *map(_extra_files, extra)], USUAL_CLASSES
    files = [file for members in folders for file in _limited(members, limit)]
    _check_names(files)
    _check_counts(root, files, found, fewest_per_class, judged=classes is not None)
    samples, refusals = _decode(files, strict, on_progress)
    _check_counts(root, samples, found, fewest_per_class, judged=classes is not None)
    return Dataset(root, tuple(samples), tuple(refusals), found)


def read_judged(root: Path, classes: Classes, choice: ClassChoice | None = None, limit: int | None = None) -> Dataset:
    """A collection that a version of these classes is judged on; nothing is learned from it.

    One with COVID/ and Non-COVID/ alone says of any version whether its leading class is right. Raises DatasetError.
    """
    own = ClassChoice(classes.leading) if choice is None else choice
    if classes.are_usual and (own.mapped or own.column):
        raise DatasetError("--map and --multi-label are for a version that has classes of its own.")
    is_usual = classes.leading == CLASS_NAMES[COVID_INDEX] and _class_folders(root) <= set(CLASS_NAMES)
    if classes.are_usual or (is_usual and not (own.mapped or own.column)):
        return read_dataset(root, fewest_per_class=1, limit=limit)
    return read_dataset(root, fewest_per_class=1, limit=limit, choice=own, classes=classes)


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


def _main_files(root: Path, own: bool = False) -> list[_File]:
    """own: the class folders may have any names, and each part others."""
    folders = _folders(root)
    if not folders & set(PARTS):
        return _with_origins(root, _class_files(root, "train", root, folders if own else CLASS_NAMES, own))
    _refuse_unknown(root, folders, set(PARTS))
    if "Train" not in folders:
        raise DatasetError(f"{root} has a Test folder but no Train folder; training needs Train/COVID and so on.")
    parts = [(root / name, part) for name, part in PARTS.items() if name in folders]
    named = [(folder, part, _folders(folder) if own else CLASS_NAMES) for folder, part in parts]
    return _with_origins(
        root, [file for folder, part, names in named for file in _class_files(folder, part, root, names, own)]
    )


def _extra_files(root: Path, own: bool = False) -> list[_File]:
    """Names begin with the folder's own name, so that they differ from those of the data set."""
    present = sorted(_folders(root)) if own else [name for name in CLASS_NAMES if name in _folders(root)]
    if own and present:
        return _with_origins(root, _class_files(root, "extra", root.parent, present, own))
    if not present:
        raise DatasetError(f"{root} holds no class folder; extra images stand in {' or '.join(CLASS_NAMES)}.")
    return _with_origins(root, _class_files(root, "extra", root.parent, present))


def _class_files(folder: Path, part: Part, base: Path, required: Collection[str], own: bool = False) -> list[_File]:
    """The images of the class folders in `folder`, in the order of CLASS_NAMES, or of their own names, and of files."""
    if own:
        return [
            _File(path.relative_to(base).as_posix(), path, -1, part, name)
            for name in sorted(required)
            for path in _images(folder / name)
        ]
    found = _folders(folder)
    _refuse_unknown(folder, found, set(CLASS_NAMES))
    if missing := sorted(set(required) - found):
        raise DatasetError(f"{folder} lacks the class folder {missing[0]}; it must hold {' and '.join(CLASS_NAMES)}.")
    return [
        _File(path.relative_to(base).as_posix(), path, CLASS_NAMES.index(name), part, name)
        for name in required
        for path in _images(folder / name)
    ]


def _own_classes(
    root: Path, extra: Sequence[Path], choice: ClassChoice, classes: Classes | None
) -> tuple[list[list[_File]], Classes]:
    """The files of each folder with their labels. An extra class that the data set has no image of is shared out over
    all parts as the others are: it could not be judged otherwise.
    """
    if choice.column:
        folders = [_listed(root, choice.column), *(_listed(folder, choice.column, "extra") for folder in extra)]
    else:
        folders = [_main_files(root, own=True), *(_extra_files(folder, own=True) for folder in extra)]
        _check_rules(choice, [file for members in folders for file in members])
    named = [[(file, _names_of(file, choice)) for file in members] for members in folders]
    try:
        found = {name for members in named for _, names in members for name in names}
        classes = classes or in_order(choice.positive, found, bool(choice.column))
    except ValueError as error:
        raise DatasetError(f"{root} cannot be used: {error}.") from error
    if unknown := sorted(set() if choice.column else found - set(classes.names)):
        raise DatasetError(f"The model does not know {unknown[0]}; it tells {', '.join(classes.names)} apart.")
    labelled = [[_labelled(*one, classes) for one in members if choice.column or one[1]] for members in named]
    own = {file.label for file in labelled[0] if file.part == "train"}
    shared_out = [[file if file.label in own else replace(file, part="train") for file in f] for f in labelled[1:]]
    return [sorted(f, key=lambda file: (file.part == "test", file.label)) for f in (labelled[0], *shared_out)], classes


def _names_of(file: _File, choice: ClassChoice) -> list[str]:
    if choice.column:
        return names_in(file.origin.together)
    return list(filter(None, [choice.name_of(file.folder, file.origin)]))


def _labelled(file: _File, names: Sequence[str], classes: Classes) -> _File:
    indices = tuple(sorted({classes.names.index(name) for name in names if name in classes.names}))
    if not classes.is_multi_label:
        return replace(file, label=indices[0])
    return replace(file, label=COVID_INDEX if COVID_INDEX in indices else COVID_INDEX + 1, together=indices)


def _check_rules(choice: ClassChoice, files: Sequence[_File]) -> None:
    used = {choice.rule_of(file.folder, file.origin) for file in files}
    if unused := [name for name, _ in choice.mapped if name not in used]:
        raise DatasetError(f"--map {unused[0]} fits no image: no manifest has such a source and no folder that name.")


def _listed(root: Path, column: str, part: Part | None = None) -> list[_File]:
    """What the manifest names, in its order; what lies in Test/ is of Test."""
    try:
        origins = read_manifest(root / "manifest.csv", column)
    except ValueError as error:
        raise DatasetError(f"{root / 'manifest.csv'} {error}") from error
    if not origins:
        raise DatasetError(f"{root} has no manifest.csv with files; --multi-label reads the classes from it.")
    if missing := [name for name in origins if not (root / name).is_file()]:
        raise DatasetError(f"{root} lacks {missing[0]}, which its manifest names.")
    base = root.parent if part else root
    return [
        _File((root / name).relative_to(base).as_posix(), root / name, -1, part or _part_of(name), origin=origin)
        for name, origin in origins.items()
    ]


def _part_of(name: str) -> Part:
    return PARTS.get(name.split("/", maxsplit=1)[0], "train")


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


def _class_folders(root: Path) -> set[str]:
    """Empty where there is no folder: reading it says so."""
    return _folders(root) if root.is_dir() else set()


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


def _check_counts(
    root: Path, found: Sequence[_File | Sample], classes: Classes, fewest: int, judged: bool = False
) -> None:
    """Every class of Train must fill its share of each part; a Test folder needs one image of each class.

    Of more classes than two, Test (and a collection that is only judged) needs the leading one and any other.
    """
    is_test = any(image.part == "test" for image in found)
    needed: dict[Part, int] = {"train": fewest, "test": 1 if is_test else 0}
    for part, fewest_here in needed.items():
        truth = truth_of([image for image in found if image.part == part], classes)
        counts = dict(zip(classes.names, truth.sum(axis=0).tolist(), strict=True))
        if len(counts) > len(CLASS_NAMES) or classes.is_multi_label:
            leading = counts[classes.leading]
            only = {classes.leading: leading, f"not {classes.leading}": len(truth) - leading}
            counts = only if judged or part == "test" else counts | only
        for name, count in counts.items():
            if count < fewest_here:
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
        return RefusedImage(file.name, file.label, file.part, str(error), file.together)
    key, origin = content_key(pixels), file.origin
    mark = fingerprint(pixels)
    known = (origin.source, origin.patient, key, mark, origin.origin, origin.reading)
    return Sample(file.name, file.path, file.label, file.part, *known, together=file.together)


def content_key(pixels: np.ndarray) -> str:
    """SHA-256, hexadecimal, of the shape and the pixels (height, width) uint8."""
    height, width = pixels.shape
    return hashlib.sha256(f"{height}x{width}:".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()
