"""Pictures that the gate learns from: each fault is there, and the same example is always the same picture."""

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.inference.lungs import Box
from training.gate import spoiled
from training.gate.drawn import DRAWN
from training.gate.examples import (
    LATERAL,
    NO_CHEST,
    UPRIGHT,
    Base,
    drawn_examples,
    examples_of,
    picture_examples,
)

PIXELS = (np.add.outer(np.arange(120), np.arange(100)) % 200 + 20).astype(np.uint8)
LUNGS = Box(0.2, 0.2, 0.8, 0.8)


@pytest.fixture
def bases(tmp_path: Path) -> list[Base]:
    for number in range(3):
        Image.fromarray(np.roll(PIXELS, number * 9, axis=1)).save(tmp_path / f"chest-{number}.png")
    return [Base(tmp_path / f"chest-{number}.png", "hospital", LUNGS) for number in range(3)]


def test_every_fault_of_a_radiograph(bases: list[Base]):
    examples = {example.name: example for example in examples_of(bases[0], bases[1:])}
    assert len(examples) == 17
    assert {example.view for example in examples.values()} == {UPRIGHT}
    upright = examples["hospital/chest-0 as it is"]
    np.testing.assert_array_equal(upright.make(), PIXELS)
    assert (upright.fault, upright.quarters) == ("", 0)
    turned = examples["hospital/chest-0 turned 3"]
    np.testing.assert_array_equal(np.rot90(turned.make(), -turned.quarters), PIXELS)
    np.testing.assert_array_equal(examples["hospital/chest-0 inverted"].make(), 255 - PIXELS)
    np.testing.assert_array_equal(examples["hospital/chest-0 mirrored"].make(), PIXELS[:, ::-1])


def test_an_example_is_always_the_same(bases: list[Base]):
    for example in [*examples_of(bases[0], bases[1:]), *drawn_examples(1)]:
        np.testing.assert_array_equal(example.make(), example.make())


def test_pictures_without_a_chest(tmp_path: Path):
    for name in ("side.png", "leg.png"):
        Image.fromarray(PIXELS).save(tmp_path / name)
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "kind"), ("side.png", "lateral"), ("leg.png", "leg")])
    examples = list(picture_examples(tmp_path))
    assert [example.view for example in examples] == [LATERAL] * 6 + [NO_CHEST] * 2
    assert all(example.make().dtype == np.uint8 for example in examples)


@pytest.mark.parametrize("seed", range(6))
def test_a_cut_misses_a_third_of_the_lungs(seed: int):
    cut = spoiled.cut(PIXELS, LUNGS, random.Random(seed))
    assert cut.shape[0] < 120 * 0.81 or cut.shape[1] < 100 * 0.81
    assert min(cut.shape) > 20


@pytest.mark.parametrize("kind", [*spoiled.DEGRADED, *spoiled.ON_SCREEN])
def test_spoiled_pictures_differ_and_stay_pictures(kind: str):
    made = (spoiled.DEGRADED | spoiled.ON_SCREEN)[kind](PIXELS, random.Random(1))
    assert made.dtype == np.uint8
    assert made.ndim == 2
    assert made.shape != PIXELS.shape or not np.array_equal(made, PIXELS)


def test_several_radiographs_are_tiles():
    made = spoiled.doubled(PIXELS, [PIXELS], random.Random(0))
    assert max(made.shape) >= 480


@pytest.mark.parametrize("kind", DRAWN)
def test_what_is_drawn(kind: str):
    made = DRAWN[kind](random.Random(4))
    assert made.dtype == np.uint8
    assert made.ndim == 2
    assert np.ptp(made) > 20
    assert [example.view for example in drawn_examples(2)] == [NO_CHEST] * 10
