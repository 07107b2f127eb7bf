"""The network of two views: the same backbone twice, one linear head, one opacity layer."""

import keras
import numpy as np
import pytest

from tests.training.toy_network import toy_backbone
from training.network.architecture import HeadConfig
from training.network.discriminant import Discriminant
from training.network.opacity import OpacityLayer, enlarged
from training.network.two_views import (
    build_two_view_network,
    frozen_features,
    joined,
    set_opacity,
    set_two_view_head,
)

HEAD = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0)


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return toy_backbone("", 224)


@pytest.fixture(scope="module")
def views() -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 255, (2, 2, 224, 224, 3)).astype(np.float32)


def drawn(seed: int) -> Discriminant:
    mean, direction = np.random.default_rng(seed).normal(size=(2, 64))
    return Discriminant(mean, np.ones(64), direction / 10, float(seed))


def test_it_answers_from_cached_features(backbone, views):
    network, whole, lungs = build_two_view_network(backbone, HEAD), drawn(1), drawn(2)
    set_two_view_head(network, whole, lungs)
    features = [np.asarray(frozen_features(backbone, HEAD)(views[:, view])[0]) for view in (0, 1)]
    score = whole.scores(features[0]) + lungs.scores(features[1])
    np.testing.assert_allclose(np.asarray(network(views)[0])[:, 0], 1 / (1 + np.exp(-score)), atol=1e-5)


def test_scores_of_both_views_are_added():
    features = np.random.default_rng(0).normal(size=(5, 128))
    expected = drawn(1).scores(features[:, :64]) + drawn(2).scores(features[:, 64:])
    np.testing.assert_allclose(joined(drawn(1), drawn(2)).scores(features), expected)


def test_opacity_is_linear_on_the_lungs_maps(backbone, views):
    network = build_two_view_network(backbone, HEAD)
    rng = np.random.default_rng(5)
    mean, scale, kernel = rng.uniform(0.5, 1, (3, 64)).astype(np.float32)
    layer = OpacityLayer(mean, scale, kernel, -0.5)
    set_opacity(network, layer)
    _, fine, coarse = (np.asarray(tensor) for tensor in frozen_features(backbone, HEAD)(views[:, 1]))
    maps = np.concatenate([fine, enlarged(coarse)], axis=-1)
    np.testing.assert_allclose(np.asarray(network(views)[1]), layer.logits(maps), rtol=1e-3, atol=1e-4)


def test_saved_and_loaded_it_is_the_same(backbone, views, tmp_path):
    network = build_two_view_network(backbone, HEAD)
    network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for one, other in zip(network(views), loaded(views), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
