"""All radiographs of a run of the preset `general`: what is learned from, what is held back, what only judges.

No copy of a Test picture is learned from, wherever it lies: of 584 COVID pictures of a public collection that were read
elsewhere, 137 stand in its Test folder, and training on their readings would make every figure there worthless.
"""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX
from training.data.dataset import Dataset, Progress, Sample
from training.data.readings import UNLABELLED, label_seen, was_read
from training.data.splits import Groups, group_samples

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Gathered:
    """Samples with their labels of what is seen, and the row numbers of each use.

    learned: the final head is fitted on them. held_back: those of them that no left-out head is trained on.
    judged: readings that only the opacity layer learns from or is judged by. test: the Test folder.
    """

    samples: tuple[Sample, ...]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    learned: Rows
    held_back: NDArray[np.bool_]
    judged: Rows
    test: Rows

    @property
    def hospitals(self) -> NDArray[np.str_]:
        return np.array([sample.hospital for sample in self.samples])


def gather(
    dataset: Dataset,
    readings: Sequence[Sample],
    share_held_back: float,
    seed: int,
    on_progress: Progress = lambda done, total: None,
    most: int | None = None,
) -> Gathered:
    """Put a data set and readings together; near duplicates and patients never stand on both sides of anything.

    most: so many pictures of one class from one hospital are learned from, the first by name; None: all.
    """
    samples = (*dataset.samples, *readings)
    named = group_samples(samples, on_progress)
    groups = np.array([named[sample.name] for sample in samples], dtype=np.int64)
    labels = seen_labels(samples)
    is_test = np.array([sample.part == "test" for sample in samples])
    free = ~np.isin(groups, groups[is_test])
    first = first_of_group(samples, named)
    learned = capped(np.flatnonzero(free & first & (labels != UNLABELLED)), samples, labels, most)
    is_read = np.array([sample.reading is not None and sample.part == "extra" for sample in samples])
    return Gathered(
        samples,
        labels,
        groups,
        learned,
        held_back_groups(groups, share_held_back, seed),
        np.flatnonzero(free & is_read),
        np.flatnonzero(is_test),
    )


def capped(rows: Rows, samples: Sequence[Sample], labels: NDArray[np.int64], most: int | None) -> Rows:
    """The first `most` rows of each class and hospital."""
    if most is None:
        return rows
    counts: dict[tuple[int, str], int] = defaultdict(int)
    kept = []
    for row in rows:
        key = (int(labels[row]), samples[row].hospital)
        counts[key] += 1
        if counts[key] <= most:
            kept.append(row)
    return np.array(kept, dtype=np.int64)


def seen_labels(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """(n,) the label of what is seen, UNLABELLED for a picture that says nothing about it. Test keeps its labels."""
    of_hospital: dict[str, list[str | None]] = defaultdict(list)
    for sample in samples:
        if sample.label == COVID_INDEX and sample.part == "train":
            of_hospital[sample.hospital].append(sample.reading)
    read = {hospital for hospital, known in of_hospital.items() if was_read(known)}
    seen = [
        sample.label if sample.part == "test" else label_seen(sample.label, sample.reading, sample.hospital in read)
        for sample in samples
    ]
    return np.array([UNLABELLED if label is None else label for label in seen], dtype=np.int64)


def first_of_group(samples: Sequence[Sample], groups: Groups) -> NDArray[np.bool_]:
    """(n,) whether a picture is the first of its near duplicates: copies would weigh double. Patients may have more."""
    seen: set[tuple[int, str | None]] = set()
    first = np.ones(len(samples), bool)
    for row, sample in enumerate(samples):
        if sample.patient is None:
            key = (groups[sample.name], sample.hospital)
            first[row] = key not in seen
            seen.add(key)
    return first


def held_back_groups(groups: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """(n,) whether a picture's group is among the share that is held back; it depends on nothing but its number."""
    drawn = [zlib.crc32(f"{seed} {group}".encode()) / 2**32 for group in groups]
    return np.array(drawn) < share
