"""Samples → training, validation and test part, so that nothing of one image is on both sides (no leakage)."""

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from diagnosis.findings import USUAL_CLASSES, Classes
from training.data.classes import class_in_words, truth_of
from training.data.dataset import DatasetError, Progress, Sample
from training.data.near_duplicates import join_groups, near_duplicate_groups

Mode = Literal["grouped", "paper"]
SHARES = {"train": 0.70, "validation": 0.15, "test_part": 0.15}
SEED = 123

Stratum = tuple[int, tuple[int, ...], str | None]
"""Class, or all classes that it has together, and source."""
Groups = dict[str, int]
"""Group number of each sample's name."""


@dataclass(frozen=True)
class Split:
    """Which samples are used for what.

    validation chooses weights, calibration and operating point; test_part is the paper's 15 %; test is the Test folder.
    dropped: samples of Train that are near duplicates of images in Test, or extra images of any held-out one.
    groups: near duplicates and patients, by sample name. crossing: how many of Train's samples have a near duplicate
    on another side (0 for "grouped"; the paper's plain split does not look). contradicting: groups with both classes.
    """

    mode: Mode
    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test_part: tuple[Sample, ...]
    test: tuple[Sample, ...]
    dropped: tuple[Sample, ...]
    groups: Groups
    crossing: int
    contradicting: int
    classes: Classes = USUAL_CLASSES

    def group_numbers(self, samples: Sequence[Sample]) -> NDArray[np.int64]:
        """Group numbers (n,) of some samples, for the bootstrap."""
        return np.array([self.groups[sample.name] for sample in samples], dtype=np.int64)

    def parts(self) -> dict[str, tuple[Sample, ...]]:
        """The five kinds of samples by the name they have in split.csv."""
        return {name: getattr(self, name) for name in ("train", "validation", "test_part", "test", "dropped")}


def group_samples(samples: Sequence[Sample], on_progress: Progress = lambda done, total: None) -> Groups:
    """Groups of near duplicates, joined where they share a patient of one source."""
    alike = near_duplicate_groups(np.stack([sample.fingerprint for sample in samples]), on_progress)
    people = [f"{sample.source}\0{sample.patient}" if sample.patient else None for sample in samples]
    numbers = join_groups(alike, people)
    return {sample.name: int(number) for sample, number in zip(samples, numbers, strict=True)}


def split_samples(
    samples: Sequence[Sample],
    *,
    mode: Mode = "grouped",
    seed: int = SEED,
    groups: Groups | None = None,
    classes: Classes = USUAL_CLASSES,
    on_progress: Progress = lambda done, total: None,
) -> Split:
    """70 / 15 / 15 % of the Train folder; Test and extra samples keep their places.

    "grouped": a group never crosses, classes and sources are shared out alike, and what is alike to an image of Test
    is dropped. "paper": two plain draws of scikit-learn, 0.30 and then 0.50, as the paper did; only counts what
    crosses. Raises DatasetError where a part would have no image of a class.
    """
    groups = groups or group_samples(samples, on_progress)
    own = [sample for sample in samples if sample.part == "train"]
    test = [sample for sample in samples if sample.part == "test"]
    dropped = _alike(own, test, groups) if mode == "grouped" else []
    kept = _without(own, dropped)
    drawn = _grouped(kept, groups, seed) if mode == "grouped" else _plain(kept, seed)
    extra = [sample for sample in samples if sample.part == "extra"]
    too_close = _alike(extra, [*test, *drawn["validation"], *drawn["test_part"]], groups)
    drawn["train"] += _without(extra, too_close)
    _check_classes(drawn, classes)
    return Split(
        mode=mode,
        **{name: tuple(members) for name, members in drawn.items()},
        test=tuple(test),
        dropped=tuple(dropped + too_close),
        groups=groups,
        crossing=_crossing([*drawn.values(), test], groups),
        contradicting=_contradicting(samples, groups),
        classes=classes,
    )


def write_split(path: Path, split: Split) -> None:
    """split.csv: file, part, label, source, group, content_key. Patients are in it only as groups."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "part", "label", "source", "group", "content_key"])
        for part, members in split.parts().items():
            for sample in members:
                label, source = class_in_words(sample, split.classes), sample.source or ""
                rows.writerow([sample.name, part, label, source, split.groups[sample.name], sample.content_key])


def _plain(samples: list[Sample], seed: int) -> dict[str, list[Sample]]:
    """The paper's draws; its class balance is left to chance."""
    train, rest = train_test_split(samples, test_size=0.30, random_state=seed)
    validation, test_part = train_test_split(rest, test_size=0.50, random_state=seed)
    return {"train": train, "validation": validation, "test_part": test_part}


def _grouped(samples: list[Sample], groups: Groups, seed: int) -> dict[str, list[Sample]]:
    """Each group, large ones first, goes to the part that lacks most of what is in it (class and source)."""
    total = Counter(_stratum(sample) for sample in samples)
    lacking = {part: {stratum: share * n for stratum, n in total.items()} for part, share in SHARES.items()}
    drawn: dict[str, list[Sample]] = {part: [] for part in SHARES}
    for members in _shuffled_groups(samples, groups, seed):
        inside = Counter(_stratum(sample) for sample in members)

        def need(part: str, inside: Counter[Stratum] = inside) -> float:
            return sum(n * lacking[part][stratum] / (SHARES[part] * total[stratum]) for stratum, n in inside.items())

        part = max(SHARES, key=need)
        drawn[part] += members
        for stratum, n in inside.items():
            lacking[part][stratum] -= n
    return {part: sorted(members, key=lambda sample: sample.name) for part, members in drawn.items()}


def _stratum(sample: Sample) -> Stratum:
    return sample.label, sample.together, sample.source


def _shuffled_groups(samples: list[Sample], groups: Groups, seed: int) -> list[list[Sample]]:
    members: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        members[groups[sample.name]].append(sample)
    together = list(members.values())
    order = np.random.default_rng(seed).permutation(len(together))
    return sorted((together[index] for index in order), key=len, reverse=True)


def _alike(samples: Sequence[Sample], others: Sequence[Sample], groups: Groups) -> list[Sample]:
    taken = {groups[sample.name] for sample in others}
    return [sample for sample in samples if groups[sample.name] in taken]


def _without(samples: Sequence[Sample], left_out: Sequence[Sample]) -> list[Sample]:
    names = {sample.name for sample in left_out}
    return [sample for sample in samples if sample.name not in names]


def _check_classes(drawn: dict[str, list[Sample]], classes: Classes) -> None:
    for part, members in drawn.items():
        truth = truth_of(members, classes)
        for name, has in zip(classes.names, truth.T, strict=True):
            if not has.any():
                raise DatasetError(f"There are too few {name} images: the {part} part would have none.")
            if has.all():
                raise DatasetError(f"There are too few images without {name}: the {part} part would have none.")


def _crossing(sides: list[list[Sample]], groups: Groups) -> int:
    """Samples whose group is on more than one side."""
    seen: dict[int, set[int]] = defaultdict(set)
    for side, members in enumerate(sides):
        for sample in members:
            seen[groups[sample.name]].add(side)
    return sum(len(seen[groups[sample.name]]) > 1 for members in sides for sample in members)


def _contradicting(samples: Sequence[Sample], groups: Groups) -> int:
    labels: dict[int, set[tuple[int, ...]]] = defaultdict(set)
    for sample in samples:
        labels[groups[sample.name]].add((sample.label, *sample.together))
    return sum(len(of_group) > 1 for of_group in labels.values())
