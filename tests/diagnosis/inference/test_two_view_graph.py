"""The serving graph of two views gives what the network gives, and features and maps in the same pass."""

import keras
import numpy as np
import pytest

from diagnosis.inference.grad_cam import serving_model
from diagnosis.inference.two_view_graph import two_view_serving_model
from tests.training.toy_network import toy_backbone
from training.network.architecture import HeadConfig, build_network, set_discriminant
from training.network.discriminant import Discriminant
from training.network.two_views import build_two_view_network, set_two_view_head

HEAD = HeadConfig(taps=(1, 0), bands=(3, 1), hidden_units=0)
FEATURES = 4 * 32


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return build_two_view_network(toy_backbone("", 224), HEAD)


@pytest.fixture(scope="module")
def views() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (3, 2, 224, 224, 3)).astype(np.float32)


def drawn(seed: int) -> Discriminant:
    rng = np.random.default_rng(seed)
    mean, direction = rng.normal(size=(2, FEATURES))
    return Discriminant(mean, rng.uniform(0.5, 2, FEATURES), direction / 10, 0.3)


def test_answers_and_opacity_are_the_networks(network, views):
    answer, opacity = (np.asarray(tensor) for tensor in network(views))
    served = [np.asarray(tensor) for tensor in two_view_serving_model(network)(views)]
    np.testing.assert_allclose(served[0], answer, atol=1e-6)
    np.testing.assert_allclose(served[2], 1 / (1 + np.exp(-opacity)), atol=1e-5)


def test_evidence_is_that_of_each_view_alone(network, views):
    whole, lungs = drawn(1), drawn(2)
    set_two_view_head(network, whole, lungs)
    _, evidence, _, quarters = (np.asarray(tensor) for tensor in two_view_serving_model(network)(views))
    for view, fitted in enumerate((whole, lungs)):
        alone = build_network(toy_backbone("", 224), HEAD)
        set_discriminant(alone, fitted)
        np.testing.assert_allclose(evidence[:, view], serving_model(alone)(views[:, view])[1], atol=1e-4)
    assert quarters.shape == (3, 2, 2, 32)
