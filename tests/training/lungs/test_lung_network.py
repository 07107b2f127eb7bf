"""The lung U-Net and its training on toy pairs: variation, steps, going on, files, graph."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import read_json, write_json
from diagnosis.inference.lung_network import LungNetwork
from training.data.dataset import DatasetError
from training.lungs import keeping
from training.lungs.data import WORKING_SIDE, Pair, read_lung_data
from training.lungs.fitting import LungRecipe, batch_of, fit_lungs
from training.lungs.judging import by_collection, dice_of, scores_of
from training.lungs.network import build_lung_network
from training.lungs.runner import train_lung_fields
from training.lungs.variation import varied

pytestmark = pytest.mark.usefixtures("without_graphs")
SMALL = (2, 2, 2)
NOTHING = lambda done, total, loss: None  # noqa: E731


def pair(name: str = "jsrt_1", seed: int = 0) -> Pair:
    """Two dark ovals in a bright trunk."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:WORKING_SIDE, :WORKING_SIDE] / WORKING_SIDE
    mask = np.zeros((WORKING_SIDE, WORKING_SIDE), bool)
    for place in (0.3, 0.7):
        mask |= ((x - place - rng.normal(0, 0.02)) / 0.14) ** 2 + ((y - 0.5) / 0.3) ** 2 < 1
    grey = np.where(mask, 60, 180) + rng.normal(0, 5, mask.shape)
    return Pair(name, np.clip(grey, 0, 255).astype(np.uint8), mask)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten pairs of one collection and one of another, as files."""
    for name in ("images", "masks"):
        (tmp_path / "pairs" / name).mkdir(parents=True)
    for number in range(11):
        made = pair(f"{'jsrt' if number < 10 else 'other'}_{number}", number)
        Image.fromarray(made.grey).save(tmp_path / "pairs" / "images" / f"{made.name}.png")
        Image.fromarray(made.mask.astype(np.uint8) * 255).save(tmp_path / "pairs" / "masks" / f"{made.name}.png")
    return tmp_path / "pairs"


def test_pairs_of_other_collections_are_only_measured(folder: Path):
    pairs = read_lung_data(folder)
    assert [len(pairs.learned), len(pairs.measured)] == [8, 3]
    assert {one.collection for one in pairs.learned} == {"jsrt"}
    assert not {one.name for one in pairs.learned} & {one.name for one in pairs.measured}


def test_a_folder_without_pairs_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="no images"):
        read_lung_data(tmp_path)


def test_a_picture_without_a_mask_is_refused(folder: Path):
    (folder / "masks" / "jsrt_3.png").unlink()
    with pytest.raises(DatasetError, match="has no mask"):
        read_lung_data(folder)


@pytest.mark.parametrize("seed", range(12))
def test_variations_stay_pictures(seed: int):
    picture, mask = varied(pair(), random.Random(seed))
    assert picture.shape == mask.shape == (96, 96)
    assert 0 <= picture.min() <= picture.max() <= 1
    assert 0 <= mask.min() <= mask.max() <= 1
    assert mask.max() > 0.5


def test_a_step_has_the_same_pictures_each_time():
    recipe = LungRecipe(batch=2)
    first, again, other = (batch_of((pair(),), recipe, step) for step in (5, 5, 6))
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_an_interrupted_run_goes_on(tmp_path: Path):
    kept, pairs = tmp_path / "kept.npz", (pair(),)
    recipe = LungRecipe(steps=4, batch=2, keep_every=2, settling=1)
    fit_lungs(build_lung_network(SMALL), pairs, recipe, kept, NOTHING)
    done: list[int] = []
    fit_lungs(build_lung_network(SMALL), pairs, replace(recipe, steps=6), kept, lambda n, *_: done.append(n))
    assert done == [6]


def test_it_learns_two_ovals():
    network = build_lung_network((6, 8, 8))
    recipe = LungRecipe(steps=30, batch=6, learning_rate=1e-2, weight_average=0.8, settling=5)
    fit_lungs(network, tuple(pair(f"jsrt_{n}", n) for n in range(3)), recipe, None, NOTHING)
    (score,) = scores_of(lambda pictures: np.asarray(network(pictures)), [pair("jsrt_9", 9)])
    assert score.dice > 0.8


def test_dice():
    one, other = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert dice_of(one, other) == 0.5
    assert dice_of(one & ~one, other & ~other) == 1


def test_files_give_the_same_network(tmp_path: Path):
    network = build_lung_network()
    keeping.round_tensors(network)
    keeping.save_lungs(tmp_path, network, {"architecture": "U-Net"})
    keeping.write_lung_graph(keeping.load_lungs(tmp_path), tmp_path)
    keeping.check_lungs(tmp_path, read_json(tmp_path / keeping.CARD))
    picture = np.random.default_rng(0).random((1, 96, 96, 1)).astype(np.float32)
    served = LungNetwork(tmp_path).probabilities(picture)
    np.testing.assert_allclose(served, np.asarray(network(picture, training=False)), atol=1e-4)


def test_other_tensors_than_the_card_s_are_refused(tmp_path: Path):
    network = build_lung_network()
    keeping.save_lungs(tmp_path, network, {})
    card = read_json(tmp_path / keeping.CARD)
    write_json(tmp_path / keeping.CARD, card | {"tensors_sha256": "0" * 64})
    with pytest.raises(ModelUnavailable, match="not the one its card describes"):
        keeping.load_lungs(tmp_path)


def test_other_golden_answers_are_refused(tmp_path: Path):
    network = build_lung_network()
    keeping.save_lungs(tmp_path, network, {})
    keeping.write_lung_graph(network, tmp_path)
    card = read_json(tmp_path / keeping.CARD)
    with pytest.raises(ModelUnavailable, match="golden answers"):
        keeping.check_lungs(tmp_path, card | {"golden": [value + 0.01 for value in card["golden"]]})


def test_a_run_from_top_to_bottom(folder: Path, tmp_path: Path):
    recipe = LungRecipe(steps=2, batch=2, keep_every=1, settling=1)
    card = train_lung_fields(folder, tmp_path / "out", recipe, NOTHING, tmp_path / "losses")
    assert card["dice"].keys() == {"jsrt", "other"}
    assert len(list((tmp_path / "losses").glob("*tfevents*"))) >= 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "lungs.bin",
        "lungs.json",
        "lungs.npz",
        "lungs.xml",
    ]


def test_figures_by_collection():
    summary = by_collection(scores_of(np.zeros_like, [pair("a_1"), pair("b_1")]))
    assert summary["a"] == {"pairs": 1, "mean_dice": 0.0, "lowest_dice": 0.0, "worst": ["a_1"]}
