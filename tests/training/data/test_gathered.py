"""What is learned from: no copy of Test, one picture of each copy, and labels of what is seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from diagnosis.findings import COVID_INDEX
from training.data.dataset import Dataset, Part, Sample
from training.data.gathered import gather, held_back_groups, seen_labels
from training.data.readings import UNLABELLED

COVID, OTHER = COVID_INDEX, 1 - COVID_INDEX


def sample(
    name: str, look: int, label: int = OTHER, part: Part = "train", hospital: str = "nih", reading: str | None = None
) -> Sample:
    """Two samples of one `look` are copies."""
    mark = np.random.default_rng(look).integers(0, 256, (4, 4)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    return Sample(name, Path(name), label, part, hospital, None, name, mark, hospital, reading)


def names(samples: tuple[Sample, ...], rows: np.ndarray) -> set[str]:
    return {samples[row].name for row in rows}


def test_copies_of_test_are_not_learned_from():
    dataset = Dataset(
        Path(), (sample("train", 1), sample("copy", 2), sample("test", 2, part="test"), sample("other", 3)), ()
    )
    readings = [
        sample("read", 2, COVID, "extra", "siim", "typical"),
        sample("new", 4, COVID, "extra", "siim", "typical"),
    ]
    found = gather(dataset, readings, 0.2, 1)
    assert names(found.samples, found.learned) == {"train", "other", "new"}
    assert names(found.samples, found.judged) == {"new"}
    assert names(found.samples, found.test) == {"test"}


def test_one_of_each_copy():
    found = gather(Dataset(Path(), (sample("one", 1), sample("again", 1), sample("two", 2)), ()), [], 0.2, 1)
    assert names(found.samples, found.learned) == {"one", "two"}


def test_unread_pictures_of_a_read_hospital():
    samples = [
        sample("a", 1, COVID, hospital="bimcv", reading="typical"),
        sample("b", 2, COVID, hospital="bimcv", reading="negative"),
        sample("c", 3, COVID, hospital="bimcv"),
        sample("d", 4, COVID, hospital="web"),
        sample("e", 5, COVID, part="test", hospital="bimcv", reading="negative"),
    ]
    assert seen_labels(samples).tolist() == [COVID, UNLABELLED, UNLABELLED, COVID, COVID]


def test_groups_are_held_back_whole():
    groups = np.arange(1000) // 2
    held = held_back_groups(groups, 0.2, 123)
    np.testing.assert_array_equal(held[::2], held[1::2])
    assert 0.12 < held.mean() < 0.28
    np.testing.assert_array_equal(held, held_back_groups(groups, 0.2, 123))


def test_a_large_source_gives_no_more_than_so_many_of_a_class():
    samples = [sample(f"{hospital} {n}", 10 * n + at) for n in range(5) for at, hospital in enumerate(["nih", "jsrt"])]
    samples = [replace(one, origin=one.name.split()[0]) for one in samples]
    found = gather(Dataset(Path(), (*samples, sample("covid", 99, COVID)), ()), [], 0.2, 1, most=2)
    assert names(found.samples, found.learned) == {"nih 0", "nih 1", "jsrt 0", "jsrt 1", "covid"}
