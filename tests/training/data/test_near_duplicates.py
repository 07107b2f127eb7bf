"""Copies of one radiograph are found whatever was done to them, and different people stay apart."""

import io
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from tests.training.radiographs import chest, jpeg, person
from training.data.dataset import read_dataset
from training.data.near_duplicates import fingerprint, join_groups, near_duplicate_groups
from training.data.splits import group_samples


def fingerprints(images: list[Image.Image]) -> np.ndarray:
    return np.stack([fingerprint(np.asarray(image)) for image in images])


def cropped(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * share), round(height * share), round(width * (1 - share)), round(height * (1 - share)))
    )


def turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def labelled(image: Image.Image) -> Image.Image:
    copy = image.copy()
    for left, top in ((10, 12), (250, 350)):
        copy.paste(255, (left, top, left + 55, top + 25))
    return copy


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "equalised": ImageOps.equalize,
    "darker": lambda image: image.point([round(255 * (grey / 255) ** 1.7) for grey in range(256)]),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "cropped by 3 % on each side": lambda image: cropped(image, 0.03),
    "cropped by 6 % on each side": lambda image: cropped(image, 0.06),
    "turned by 2 degrees": lambda image: turned(image, 2),
    "turned back by 2 degrees": lambda image: turned(image, -2),
    "a label in two corners": labelled,
    "JPEG of the worst quality": lambda image: Image.open(io.BytesIO(jpeg(image, 20))).convert("L"),
    "all of it": lambda image: ImageOps.equalize(cropped(turned(image, 2), 0.04)),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES.keys())
def test_a_changed_copy_is_found(change):
    groups = near_duplicate_groups(fingerprints([chest(), change(chest()), person(1), person(2)]))
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_different_anatomy_stays_apart():
    groups = near_duplicate_groups(fingerprints([person(number) for number in range(40)]))
    assert len(set(groups)) == 40


def test_copies_of_copies_are_one_group():
    """The first and the last of a chain of turns are too far apart to be matched themselves."""
    chain = [turned(chest(), degrees) for degrees in (0, 2, 4, 6, 8)]
    assert len(set(near_duplicate_groups(fingerprints([chain[0], chain[-1]])))) == 2
    assert len(set(near_duplicate_groups(fingerprints(chain)))) == 1


def test_a_fingerprint_is_of_ranks():
    grey = np.asarray(chest())
    assert np.abs(fingerprint(grey // 2).astype(int) - fingerprint(grey)).mean() < 2


def test_blank_images_are_alike_to_nothing():
    blank = np.full((2, 32, 32), 127, dtype=np.uint8)
    assert len(set(near_duplicate_groups(blank))) == 2


def test_blocks_of_any_size_give_the_same_groups(monkeypatch):
    images = fingerprints([person(number) for number in range(6)] + [cropped(person(2), 0.05)])
    whole = near_duplicate_groups(images)
    monkeypatch.setattr("training.data.near_duplicates.SIMILARITIES_AT_ONCE", 14)
    assert (near_duplicate_groups(images) == whole).all()


def test_progress_ends_at_the_number_of_images():
    seen: list[tuple[int, int]] = []
    near_duplicate_groups(fingerprints([chest(), person(1)]), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


def test_images_of_one_patient_are_joined():
    """0 and 1 alike; 1 and 2 one patient; 3 alone; 4 of another patient."""
    groups = join_groups(np.array([0, 0, 1, 2, 3]), [None, "a", "a", None, "b"])
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


def pairs_of(groups: list[int]) -> set[tuple[int, int]]:
    members: dict[int, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    return {pair for together in members.values() for pair in itertools.combinations(together, 2)}


@pytest.mark.slow
def test_known_duplicates_are_found(shared_data: Path):
    """Against the groups of its manifest, which were found in another way: 99 % of them, and 9 of 10 pairs agree."""
    lines = (shared_data / "cxr" / "manifest.csv").read_text().splitlines()[1:]
    known = {line.split(",")[0]: int(line.split(",")[4]) for line in lines}
    dataset = read_dataset(shared_data / "cxr")
    groups = group_samples(dataset.samples)
    names = [sample.name for sample in dataset.samples]
    expected, found = (pairs_of([of[name] for name in names]) for of in (known, groups))
    assert len(expected & found) / len(expected) > 0.99
    assert len(expected & found) / len(found) > 0.9
