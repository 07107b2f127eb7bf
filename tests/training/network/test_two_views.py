"""The network of two views: the same backbone twice, opaque places count more, one linear head."""

import keras
import numpy as np
import pytest
from scipy.special import expit

from tests.training.toy_network import toy_backbone
from training.network.architecture import HeadConfig
from training.network.discriminant import Discriminant
from training.network.opacity import OpacityLayer, enlarged
from training.network.two_views import (
    build_two_view_network,
    frozen_features,
    frozen_maps,
    joined,
    set_opacity,
    set_two_view_head,
)

HEAD = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0)
MEAN, SCALE, KERNEL = np.random.default_rng(5).uniform(0.5, 1, (3, 64)).astype(np.float32)
LAYER = OpacityLayer(MEAN, SCALE, KERNEL, -0.5)


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    return toy_backbone("", 224)


@pytest.fixture(scope="module")
def views() -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 255, (2, 2, 224, 224, 3)).astype(np.float32)


def drawn(seed: int) -> Discriminant:
    mean, direction = np.random.default_rng(seed).normal(size=(2, 65))
    return Discriminant(mean, np.ones(65), direction / 10, float(seed))


def maps_of(backbone: keras.Model, views: np.ndarray) -> np.ndarray:
    """Joined maps of one view, (n, 14, 14, 64)."""
    fine, coarse = (np.asarray(tensor) for tensor in frozen_maps(backbone, HEAD)(views))
    return np.concatenate([fine, enlarged(coarse)], axis=-1)


def test_it_answers_from_cached_features(backbone, views):
    network, whole, lungs = build_two_view_network(backbone, HEAD), drawn(1), drawn(2)
    set_two_view_head(network, whole, lungs)
    set_opacity(network, LAYER)
    features = [np.asarray(frozen_features(backbone, HEAD, LAYER)(views[:, view])) for view in (0, 1)]
    score = whole.scores(features[0]) + lungs.scores(features[1])
    np.testing.assert_allclose(np.asarray(network(views)[0])[:, 0], 1 / (1 + np.exp(-score)), atol=1e-5)


def test_features_are_averages_that_opacities_weigh(backbone, views):
    """Computed here on the enlarged maps, place by place, which is what the graph avoids."""
    maps = maps_of(backbone, views[:, 0])
    logits = LAYER.logits(maps)
    weights = expit(logits) / expit(logits).sum(axis=(1, 2), keepdims=True)
    features = np.asarray(frozen_features(backbone, HEAD, LAYER)(views[:, 0]))
    np.testing.assert_allclose(features[:, :-1], (weights[..., None] * maps).sum(axis=(1, 2)), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(features[:, -1], logits.mean(axis=(1, 2)), rtol=1e-4)


def test_scores_of_both_views_are_added():
    features = np.random.default_rng(0).normal(size=(5, 130))
    expected = drawn(1).scores(features[:, :65]) + drawn(2).scores(features[:, 65:])
    np.testing.assert_allclose(joined(drawn(1), drawn(2)).scores(features), expected)


def test_opacity_is_linear_on_the_lungs_maps(backbone, views):
    network = build_two_view_network(backbone, HEAD)
    set_opacity(network, LAYER)
    maps = maps_of(backbone, views[:, 1])
    np.testing.assert_allclose(np.asarray(network(views)[1]), LAYER.logits(maps), rtol=1e-3, atol=1e-4)


def test_saved_and_loaded_it_is_the_same(backbone, views, tmp_path):
    network = build_two_view_network(backbone, HEAD)
    set_opacity(network, LAYER)
    network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    for one, other in zip(network(views), loaded(views), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
