"""The opacity layer: what a cell's target is, and that the layer finds what the maps show."""

import numpy as np
import pytest
from keras import ops

from diagnosis.inference.lungs import WHOLE_PICTURE, Box
from training.network.opacity import OpacityConfig, OpacityLayer, cells_inside, enlarged, fit_opacity

LOWER_LEFT = Box(0.0, 0.5, 0.5, 1.0)


def made_maps(number: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Maps (n, 14, 14, 6) whose third channel is higher in a square, and the squares, (n, 14, 14)."""
    rng = np.random.default_rng(seed)
    targets = np.zeros((number, 14, 14), np.float32)
    for target in targets[::2]:
        row, col = rng.integers(0, 10, 2)
        target[row : row + 4, col : col + 4] = 1
    maps = rng.normal(5, 2, (number, 14, 14, 6)).astype(np.float32)
    maps[..., 2] += 6 * targets
    return maps, targets


def test_share_of_a_cell_in_a_box():
    cells = cells_inside([LOWER_LEFT], WHOLE_PICTURE, rows=4)
    np.testing.assert_array_equal(cells, np.outer([0, 0, 1, 1], [1, 1, 0, 0]))
    assert cells_inside([Box(0.0, 0.0, 0.125, 1.0)], WHOLE_PICTURE, rows=4)[0, 0] == pytest.approx(0.5)


def test_boxes_are_seen_from_the_view():
    assert cells_inside([LOWER_LEFT], LOWER_LEFT).min() == 1
    assert cells_inside([LOWER_LEFT], Box(0.5, 0.0, 1.0, 0.5)).max() == 0


def test_overlapping_boxes_count_once():
    assert cells_inside([LOWER_LEFT, LOWER_LEFT], WHOLE_PICTURE).max() == 1


def test_it_finds_what_the_maps_show():
    maps, targets = made_maps()
    layer = fit_opacity(maps, targets, np.ones_like(targets), OpacityConfig(learning_rate=0.05, passes=20))
    unseen, wanted = made_maps(seed=1)
    logits = layer.logits(unseen)
    assert logits[wanted == 1].mean() > logits[wanted == 0].mean() + 2
    peaks = logits[::2].reshape(30, -1).argmax(axis=1)
    assert np.mean([wanted[::2].reshape(30, -1)[i, peak] for i, peak in enumerate(peaks)]) > 0.9


def test_the_same_seed_gives_the_same_layer():
    maps, targets = made_maps(20)
    one, other = (fit_opacity(maps, targets, np.ones_like(targets), OpacityConfig(passes=2)) for _ in range(2))
    np.testing.assert_array_equal(one.kernel, other.kernel)


def test_a_pictures_weight_counts():
    maps, targets = made_maps(40)
    weights = np.where(targets.any(axis=(1, 2)), 1.0, 20.0).astype(np.float32)
    plain, heavy = (
        fit_opacity(maps, targets, np.ones_like(targets), OpacityConfig(), each) for each in (None, weights)
    )
    assert heavy.logits(maps).mean() < plain.logits(maps).mean()


def test_folded_it_is_the_same_layer():
    rng = np.random.default_rng(0)
    mean, scale, kernel = rng.uniform(0.5, 2, (3, 6)).astype(np.float32)
    layer = OpacityLayer(mean, scale, kernel, 0.7)
    maps = rng.normal(size=(2, 14, 14, 6)).astype(np.float32)
    expected = ((maps - layer.mean) / layer.scale) @ layer.kernel + layer.bias
    np.testing.assert_allclose(layer.logits(maps), expected, rtol=1e-4, atol=1e-4)


def test_maps_are_enlarged_as_keras_does():
    coarse = np.random.default_rng(0).normal(size=(2, 7, 7, 3)).astype(np.float32)
    expected = np.asarray(ops.image.resize(coarse, (14, 14), interpolation="bilinear"))
    np.testing.assert_allclose(enlarged(coarse), expected, atol=1e-5)
