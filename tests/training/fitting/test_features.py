"""The cache of the frozen part: computed once, whole or not at all, shared between runs."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from diagnosis.inference.contract import Preprocessing
from tests.training.toy_network import toy_backbone
from training.fitting import features
from training.fitting.features import (
    BATCH,
    FeatureStore,
    NotEnoughSpace,
    StoreInUse,
    View,
    fill_store,
    openvino_runner,
    store_for,
)
from training.network.architecture import HeadConfig, build_network, cut_network

SIZE = 64
SHAPES = [(2, 2, 3), (5,)]


@pytest.fixture(scope="module")
def frozen() -> keras.Model:
    """A frozen part with two boundary tensors: a map and an average."""
    head = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0)
    return cut_network(build_network(toy_backbone("", SIZE), head), 10).frozen


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A frozen part that is quick to run: row n of image n; the list notes how many images each call brought."""
    calls: list[int] = []

    def run(images: np.ndarray) -> list[np.ndarray]:
        calls.append(len(images))
        return [np.stack([np.full(shape, image.flat[0]) for image in images]) for shape in SHAPES]

    monkeypatch.setattr(features, "frozen_runner", lambda frozen, scratch: run)
    return calls


def image(number: int) -> np.ndarray:
    return np.full((4, 4, 3), number, np.float32)


def views(*numbers: int) -> list[View]:
    return [View(f"image-{number}", lambda number=number: image(number)) for number in numbers]  # type: ignore[misc]


def values(store: FeatureStore, number: int) -> list[float]:
    """What both tensors hold in the row of one image."""
    row = store.rows[f"image-{number}"]
    return [float(value) for i in range(len(SHAPES)) for value in np.unique(store.tensors(i)[row])]


def test_every_image_is_computed_once_in_its_own_row(tmp_path, double):
    store = FeatureStore(tmp_path, SHAPES)
    fill_store(store, None, views(*range(2 * BATCH + 3), 5, 0))
    assert double == [BATCH, BATCH, 3]
    assert all(values(store, number) == [number, number] for number in range(2 * BATCH + 3))


@pytest.mark.parametrize("number", [1, BATCH - 1, BATCH, BATCH + 1])
def test_the_progress_ends_at_the_total(tmp_path, double, number):
    seen: list[tuple[int, int]] = []
    fill_store(FeatureStore(tmp_path, SHAPES), None, views(*range(number)), lambda *done: seen.append(done))
    assert seen[-1] == (number, number)


def test_a_second_run_adds_its_own_rows(tmp_path, double):
    fill_store(FeatureStore(tmp_path, SHAPES), None, views(1, 2, 3))
    store = FeatureStore(tmp_path, SHAPES)
    fill_store(store, None, views(3, 4, 1))
    assert double == [3, 1]
    assert [values(store, number) for number in (1, 2, 3, 4)] == [[n, n] for n in (1, 2, 3, 4)]
    fill_store(FeatureStore(tmp_path, SHAPES), None, views(2, 4))
    assert double == [3, 1]


def test_an_interruption_keeps_done_batches(tmp_path, double):
    def interrupt() -> np.ndarray:
        raise KeyboardInterrupt

    wanted = views(*range(3 * BATCH))
    interrupted = [*wanted[: 2 * BATCH], replace(wanted[2 * BATCH], load=interrupt), *wanted[2 * BATCH + 1 :]]
    with pytest.raises(KeyboardInterrupt):
        fill_store(FeatureStore(tmp_path, SHAPES), None, interrupted)
    store = FeatureStore(tmp_path, SHAPES)
    assert len(store.rows) == 2 * BATCH
    fill_store(store, None, wanted)
    assert double == [BATCH, BATCH, BATCH]
    assert all(values(store, number) == [number, number] for number in range(3 * BATCH))


def cut_end(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - size)


def add_half_a_row(folder: Path) -> None:
    with (folder / "0.bin").open("ab") as file:
        file.write(b"\xff" * 7)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "a row of the first tensor is cut": lambda folder: cut_end(folder / "0.bin", 3),
    "a row of the second tensor is cut": lambda folder: cut_end(folder / "1.bin", 1),
    "the end of a row was written": add_half_a_row,
    "a key is cut": lambda folder: cut_end(folder / "keys", 4),
    "the last keys were not written": lambda folder: cut_end(folder / "keys", 2 * len("image-0\n")),
    "a tensor is gone": lambda folder: (folder / "1.bin").unlink(),
    "the keys are gone": lambda folder: (folder / "keys").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_half_written_end_is_computed_again(tmp_path, double, damage):
    fill_store(FeatureStore(tmp_path, SHAPES), None, views(*range(6)))
    DAMAGE[damage](tmp_path)
    store = FeatureStore(tmp_path, SHAPES)
    assert all(values(store, int(key[6:])) == [int(key[6:])] * 2 for key in store.rows if key[6:])
    fill_store(store, None, views(*range(8)))
    for opened in (store, FeatureStore(tmp_path, SHAPES)):
        assert [values(opened, number) for number in range(8)] == [[number, number] for number in range(8)]


def test_too_little_space_is_refused(tmp_path, monkeypatch, double):
    """Too little space is refused before any work and says how much."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=300_000_000))
    store = FeatureStore(tmp_path, [(7, 7, 2048)])
    assert store.bytes_needed(1) == 401_408
    with pytest.raises(NotEnoughSpace, match=r"1000 images and views need 0\.4 GB, and .* has 0\.3 GB free"):
        fill_store(store, None, views(*range(1000)))
    assert double == []
    fill_store(FeatureStore(tmp_path / "small", SHAPES), None, views(*range(10)))


def test_each_setting_has_its_own_store(tmp_path, frozen):
    store = store_for(tmp_path, frozen, Preprocessing())
    assert store_for(tmp_path, frozen, Preprocessing()).folder == store.folder
    assert store_for(tmp_path, frozen, Preprocessing(equalise=True)).folder != store.folder
    other = toy_backbone("", SIZE)
    other.get_layer("conv1_conv").bias.assign([1.0] + [0.0] * (other.get_layer("conv1_conv").bias.shape[0] - 1))
    network = build_network(other, HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0))
    assert store_for(tmp_path, cut_network(network, 10).frozen, Preprocessing()).folder != store.folder
    assert store_for(tmp_path, cut_network(network, 0).frozen, Preprocessing()).folder != store.folder


def test_openvino_computes_what_keras_does(tmp_path, frozen):
    images = np.random.default_rng(0).uniform(0, 255, (3, SIZE, SIZE, 3)).astype(np.float32)
    expected = [np.asarray(tensor) for tensor in frozen(images)]
    for run in (openvino_runner(frozen, tmp_path), openvino_runner(frozen, tmp_path)):  # exported, then found again
        for tensor, wanted in zip(run(images), expected, strict=True):
            assert tensor.shape == wanted.shape
            np.testing.assert_allclose(tensor, wanted, rtol=1e-4, atol=1e-5)


def test_one_run_writes_a_store_at_a_time(tmp_path, double):
    fill_store(FeatureStore(tmp_path, SHAPES), None, views(1, 2))
    store = FeatureStore(tmp_path, SHAPES)
    with FeatureStore(tmp_path, SHAPES).open_for_writing():
        fill_store(store, None, views(1, 2))  # reading is free
        with pytest.raises(StoreInUse, match="Another run"):
            fill_store(store, None, views(1, 2, 3))
    fill_store(store, None, views(1, 2, 3))
    assert values(store, 3) == [3, 3]


def test_rows_of_another_run_are_reused(tmp_path, double):
    first, second = FeatureStore(tmp_path, SHAPES), FeatureStore(tmp_path, SHAPES)
    fill_store(first, None, views(1, 2))
    fill_store(second, None, views(2, 1))
    fill_store(second, None, views(2, 1, 3))
    assert double == [2, 1]
    assert [values(second, number) for number in (1, 2, 3)] == [[1, 1], [2, 2], [3, 3]]
