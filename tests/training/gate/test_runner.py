"""One fitting of the gate from folders to files, with a toy lung network and features that are the picture itself."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.findings import Verdict
from diagnosis.inference.gate.learned import PooledFeatures, read_gate
from diagnosis.inference.lungs import SIDE, LungFields, lung_input, read_lung_fields
from training.data.dataset import DatasetError
from training.gate.collecting import GatePlan, examples_of_plan, paths_by_source, read_inputs
from training.gate.fitting import GateRecipe
from training.gate.runner import train_gate

NOTHING = lambda done, total, note: None  # noqa: E731


class DarkPlaces:
    """Stands for the lung network: what is dark and not at the edge is lung."""

    def find(self, pixels: np.ndarray) -> LungFields:
        grey = lung_input(pixels)[:, :, 0]
        y, x = np.mgrid[:SIDE, :SIDE] / SIDE
        middle = (abs(x - 0.5) < 0.42) & (abs(y - 0.5) < 0.42)
        return read_lung_fields(np.where(middle & (grey < 0.4), 0.95, 0.05).astype(np.float32))


def small_picture(pixels: np.ndarray) -> PooledFeatures:
    """Stands for the network: the picture at 8 x 8."""
    small = np.asarray(Image.fromarray(pixels).resize((8, 8)), np.float32) / 255
    return PooledFeatures(small.reshape(4, 16))


def chest(seed: int) -> np.ndarray:
    """Two dark ovals of unequal width in a bright trunk, darker at the top."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:100, :100] / 100
    grey = 120 + 80 * y
    for place, width in ((0.3, 0.16), (0.72, 0.11)):
        grey = np.where(((x - place) / width) ** 2 + ((y - 0.5) / 0.3) ** 2 < 1, 40 + 30 * y, grey)
    return np.clip(grey + rng.normal(0, 4, grey.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> GatePlan:
    """Three sources of six radiographs, and a folder of four pictures without a chest."""
    folder = tmp_path_factory.mktemp("data")
    rows = [(f"{number}.png", "abc"[number % 3]) for number in range(18)]
    for number, (name, _) in enumerate(rows):
        Image.fromarray(chest(number)).save(folder / name)
    write_manifest(folder, ("file", "source"), rows)
    other = tmp_path_factory.mktemp("unusable")
    for name in ("l1.png", "l2.png", "c1.png", "c2.png"):
        Image.fromarray(np.random.default_rng(ord(name[0])).integers(0, 255, (90, 90)).astype(np.uint8)).save(
            other / name
        )
    kinds = [("l1.png", "lateral"), ("l2.png", "lateral"), ("c1.png", "ct"), ("c2.png", "ct")]
    write_manifest(other, ("file", "kind"), kinds)
    return GatePlan((folder,), (other,), each=3, plain=3, drawn=2, recipe=GateRecipe(components=40, directions=8))


def write_manifest(folder: Path, header: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_from_folders_to_files(plan: GatePlan, tmp_path: Path):
    lungs = DarkPlaces()
    card = train_gate(plan, lungs, small_picture, tmp_path, NOTHING)
    assert card["by_source"].keys() == {"a", "b", "c"}
    assert card["by_kind"]["adult: turned 2"]["pictures"] == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate.json", "gate.npz"]
    gate, picture = read_gate(tmp_path), chest(50)
    fine, noise = (gate.assess(one, lungs.find(one), small_picture(one)) for one in (picture, 255 - picture))
    assert fine.verdict is not Verdict.REFUSED
    assert noise.scores["inverted"] > fine.scores["inverted"]


def test_sources_that_are_only_measured(plan: GatePlan, tmp_path: Path):
    card = train_gate(replace(plan, measured=frozenset({"b"})), DarkPlaces(), small_picture, tmp_path, NOTHING)
    assert card["measured_only"] == ["b"]
    assert card["by_source"].keys() == {"a", "b", "c"}


def test_two_sources_are_needed(plan: GatePlan):
    with pytest.raises(DatasetError, match="two sources or more, and here is 1"):
        list(examples_of_plan(replace(plan, measured=frozenset("ab")), DarkPlaces()))


def test_finished_parts_are_not_made_again(plan: GatePlan, tmp_path: Path):
    examples = list(examples_of_plan(plan, DarkPlaces()))[:5]
    first = read_inputs(examples, DarkPlaces(), small_picture, tmp_path, NOTHING)
    again = read_inputs(examples, DarkPlaces(), lambda pixels: pytest.fail("made again"), tmp_path, NOTHING)
    np.testing.assert_array_equal(first.values, again.values)
    others = read_inputs(examples[::-1], DarkPlaces(), small_picture, tmp_path, NOTHING)
    np.testing.assert_array_equal(others.values[::-1], first.values)


def test_nothing_of_test_and_no_copies(tmp_path: Path):
    """Test judges the version that refuses pictures by this gate; a copy would count twice."""
    lines = ["file,source,split,copy_in_cxr", "a.png,s,Train,no", "b.png,s,Test,no", "c.png,s,Train,yes"]
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    assert paths_by_source([tmp_path]) == {"s": [tmp_path / "a.png"]}


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"manifest\.csv"):
        paths_by_source([tmp_path])
