"""Tuning on randomised views, on a toy backbone: it learns, keeps batch norms, and goes on after an interruption."""

from pathlib import Path

import keras
import numpy as np
import pytest

from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.lungs import Box
from tests.training.toy_network import toy_backbone
from training.fitting.tuning import FlatThenCosine, Radiographs, RandomisedBatches, TuningConfig, tune
from training.network.architecture import HeadConfig
from training.network.discriminant import DiscriminantConfig
from training.network.tensors import named_tensors

HEAD = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0)
CONFIG = TuningConfig(steps=4, batch=4, steps_kept=2, hidden_units=8)
WEIGHTING = DiscriminantConfig(source_power=0.25)
PREPROCESSING = Preprocessing(equalise=True)


def radiographs(number: int = 24) -> Radiographs:
    """Half of them bright at the bottom; two sources."""

    def load(row: int) -> np.ndarray:
        pixels = np.random.default_rng(row).integers(0, 120, (64, 64), dtype=np.uint8)
        pixels[32:] += np.uint8(120 * (row % 2))
        return pixels

    labels = np.arange(number) % 2
    return Radiographs(load, [Box(0.1, 0.1, 0.9, 0.9)] * number, labels, np.array(["a", "b"] * (number // 2)))


def run(folder: Path, callbacks: tuple[keras.callbacks.Callback, ...] = ()) -> dict[str, np.ndarray]:
    backbone = toy_backbone("", 224)
    keras.utils.set_random_seed(1)
    tune(backbone, HEAD, radiographs(), WEIGHTING, PREPROCESSING, CONFIG, folder, callbacks)
    return named_tensors(backbone)


class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return run(tmp_path_factory.mktemp("tuning"))


def test_only_batch_norms_stay(tuned):
    before = named_tensors(toy_backbone("", 224))
    for name, tensor in tuned.items():
        assert np.isfinite(tensor).all()
        assert np.array_equal(tensor, before[name]) == ("_bn/" in name), name


def test_an_interrupted_run_goes_on(tuned, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, (Stop(),))
    resumed = run(tmp_path)
    kernel = "conv5_block3_3_conv/kernel"
    np.testing.assert_allclose(resumed[kernel], tuned[kernel], atol=2e-3)


def test_batches_can_be_drawn_again():
    pictures = radiographs()
    batches = [RandomisedBatches(pictures, pictures.weights(WEIGHTING), PREPROCESSING, CONFIG) for _ in range(2)]
    images, labels = batches[0][1]
    assert (images.shape, labels.shape) == ((4, 224, 224, 3), (4, 2))
    np.testing.assert_array_equal(images, batches[1][1][0])
    batches[1].epoch = 1
    assert not np.array_equal(images, batches[1][1][0])


def test_both_labels_are_drawn_alike():
    pictures = radiographs(40)
    labels = np.where(np.arange(40) < 10, 0, 1)
    weights = Radiographs(pictures.load, pictures.lungs, labels, np.full(40, "a")).weights(WEIGHTING)
    assert weights[labels == 0].sum() == pytest.approx(0.5)


def test_the_rate_is_flat_then_falls():
    rate = FlatThenCosine(1.0, 100, 0.3)
    values = [float(np.asarray(rate(step))) for step in (0, 30, 65, 100)]
    assert values == pytest.approx([1.0, 1.0, 0.5, 0.0], abs=1e-6)
