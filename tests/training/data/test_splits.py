"""Which image goes where, and that nothing of one image or patient is on both sides."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import train_test_split

from tests.training.radiographs import jpeg, person, write_dataset
from training.data.dataset import DatasetError, Part, Sample, read_dataset
from training.data.splits import Groups, group_samples, split_samples, write_split

COVID, NON_COVID = 0, 1


def sample(number: int, label: int, source: str | None = None, part: Part = "train") -> Sample:
    """A sample without a file; `groups` in the tests says what it is alike to."""
    name = f"{part}/{number:05}"
    return Sample(name, Path(name), label, part, source, None, f"key{number}", np.zeros((32, 32), np.uint8))


def many(images: int, group_size: int = 1) -> tuple[list[Sample], Groups]:
    """Two sources and both classes, unequally; neighbours share a group."""
    rng = np.random.default_rng(1)
    samples = [sample(i, int(rng.random() < 0.7), "A" if rng.random() < 0.8 else "B") for i in range(images)]
    return samples, {one.name: index // group_size for index, one in enumerate(samples)}


def group_sets(split, *parts: str) -> list[set[int]]:
    return [{split.groups[one.name] for one in getattr(split, part)} for part in parts]


def test_shares_are_70_15_15_and_nothing_is_lost():
    samples, groups = many(1000)
    split = split_samples(samples, groups=groups)
    assert [len(split.train), len(split.validation), len(split.test_part)] == pytest.approx([700, 150, 150], abs=3)
    together = [*split.train, *split.validation, *split.test_part]
    assert sorted(one.name for one in together) == [one.name for one in samples]


def test_every_part_has_the_same_shares():
    samples, groups = many(1000, group_size=3)
    split = split_samples(samples, groups=groups)
    of_all = Counter((one.label, one.source) for one in samples)
    for part, share in (("train", 0.70), ("validation", 0.15), ("test_part", 0.15)):
        inside = Counter((one.label, one.source) for one in getattr(split, part))
        for stratum, number in of_all.items():
            assert inside[stratum] == pytest.approx(share * number, abs=5), (part, stratum)


def test_a_group_never_crosses():
    samples, groups = many(900, group_size=4)
    split = split_samples(samples, groups=groups)
    train, validation, test_part = group_sets(split, "train", "validation", "test_part")
    assert train.isdisjoint(validation)
    assert train.isdisjoint(test_part)
    assert validation.isdisjoint(test_part)
    assert split.crossing == 0


def test_the_smallest_data_set_has_both():
    samples = [sample(i, i % 2) for i in range(14)]
    split = split_samples(samples, groups={one.name: index for index, one in enumerate(samples)})
    for part in (split.train, split.validation, split.test_part):
        assert {one.label for one in part} == {COVID, NON_COVID}


def test_too_few_groups_of_a_class_are_refused():
    samples = [sample(i, i % 2) for i in range(20)]
    with pytest.raises(DatasetError, match="too few COVID images"):
        split_samples(samples, groups={one.name: one.label * (index + 1) for index, one in enumerate(samples)})


def test_the_seed_decides_not_the_order():
    """The seed decides and the order of the files does not hide in it."""
    samples, groups = many(300)
    first, again, other = (split_samples(samples, seed=seed, groups=groups) for seed in (1, 1, 2))
    assert first.validation == again.validation
    assert first.validation != other.validation


def test_images_like_test_images_are_dropped():
    """Train images that are alike to test images are dropped and reported."""
    samples, groups = many(200)
    test = [sample(999, COVID, part="test"), sample(998, NON_COVID, part="test")]
    groups |= {test[0].name: groups[samples[5].name], test[1].name: 10_000}
    split = split_samples([*samples, *test], groups=groups)
    assert split.dropped == (samples[5],)
    assert split.test == tuple(test)
    assert samples[5] not in split.train + split.validation + split.test_part


def test_extra_images_like_held_out_ones():
    """Extra images are trained on unless they are alike to a held out one."""
    samples, groups = many(200)
    extra = [sample(900 + index, NON_COVID, part="extra") for index in range(200)]
    groups |= {one.name: index for index, one in enumerate(extra)}  # each is a copy of one of the samples
    split = split_samples([*samples, *extra], groups=groups)
    held_out = set.union(*group_sets(split, "validation", "test_part"))
    assert {groups[one.name] for one in split.dropped} == held_out
    assert {one.part for one in split.validation + split.test_part} == {"train"}
    assert sum(one.part == "extra" for one in split.train) == 200 - len(held_out)


def test_the_papers_split_is_scikit_learns():
    """The paper s split is scikit learn s and tells what crosses."""
    samples, groups = many(400, group_size=2)
    split = split_samples(samples, mode="paper", groups=groups)
    train, rest = train_test_split(samples, test_size=0.30, random_state=123)
    validation, test_part = train_test_split(rest, test_size=0.50, random_state=123)
    assert (split.train, split.validation, split.test_part) == (tuple(train), tuple(validation), tuple(test_part))
    assert split.crossing > 50


def test_a_group_with_both_classes_is_counted():
    samples, groups = many(100)
    groups[samples[1].name] = groups[samples[0].name]
    pair = {samples[0].label, samples[1].label}
    assert split_samples(samples, groups=groups).contradicting == len(pair) - 1


def test_copies_of_real_files_stay_together(tmp_path: Path):
    """Two copies of person 0 under other names, and a patient with two different radiographs."""
    root = write_dataset(tmp_path / "data", per_class=12)
    image = person(0)
    for number, copy in enumerate((image.rotate(2, Image.Resampling.BICUBIC), image.crop((8, 8, 312, 376)))):
        (root / "Train" / "COVID" / f"copy-{number}.jpg").write_bytes(jpeg(copy, 40))
    (root / "manifest.csv").write_text(
        "file,patient\nTrain/COVID/person-004.jpg,P\nTrain/COVID/person-005.jpg,P\nTrain/COVID/person-006.jpg,Q\n"
    )
    samples = read_dataset(root).samples
    groups = group_samples(samples)
    of = {Path(name).stem: group for name, group in groups.items()}
    assert of["person-000"] == of["copy-0"] == of["copy-1"]
    assert of["person-004"] == of["person-005"]
    assert len(set(groups.values())) == 24 - 1
    assert split_samples(samples, groups=groups).crossing == 0


def test_split_csv_names_images_not_patients(tmp_path: Path):
    samples, groups = many(100)
    split = split_samples([*samples, sample(500, COVID, part="test")], groups=groups | {"test/00500": 500})
    write_split(tmp_path / "split.csv", split)
    with (tmp_path / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["file"] for row in rows}) == len(rows) == 101
    assert set(rows[0]) == {"file", "part", "label", "source", "group", "content_key"}
    assert Counter(row["part"] for row in rows)["test"] == 1
    assert {row["label"] for row in rows} == {"COVID", "Non-COVID"}
