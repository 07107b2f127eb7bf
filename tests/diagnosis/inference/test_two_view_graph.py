"""The serving graph of two views gives what the network gives, and maps and what the gate reads in the same pass."""

import keras
import numpy as np
import pytest

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.two_view_graph import two_view_serving_model
from tests.training.toy_network import toy_backbone
from training.network.architecture import HeadConfig
from training.network.discriminant import Discriminant
from training.network.opacity import OpacityLayer
from training.network.two_views import build_two_view_network, frozen_features, set_opacity, set_two_view_head

HEAD = HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0)
CHANNELS = 64
LAYER = OpacityLayer(
    np.zeros(CHANNELS, np.float32),
    np.ones(CHANNELS, np.float32),
    np.random.default_rng(3).normal(size=CHANNELS).astype(np.float32),
    -0.5,
)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    network = build_two_view_network(toy_backbone("", 224), HEAD)
    set_two_view_head(network, drawn(1), drawn(2))
    set_opacity(network, LAYER)
    return network


@pytest.fixture(scope="module")
def views() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (3, 2, 224, 224, 3)).astype(np.float32)


def drawn(seed: int) -> Discriminant:
    rng = np.random.default_rng(seed)
    mean, direction = rng.normal(size=(2, CHANNELS + 1))
    return Discriminant(mean, rng.uniform(0.5, 2, CHANNELS + 1), direction, 0.3)


def outputs(network: keras.Model, views: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(tensor) for tensor in two_view_serving_model(network)(views)]


def test_answers_and_opacity_are_the_networks(network, views):
    answer, opacity = (np.asarray(tensor) for tensor in network(views))
    probabilities, _, served_opacity, quarters, features, _ = outputs(network, views)
    np.testing.assert_allclose(probabilities, answer, atol=1e-5)
    np.testing.assert_allclose(served_opacity, 1 / (1 + np.exp(-opacity)), atol=1e-5)
    assert quarters.shape == (3, 2, 2, 32)
    own = np.asarray(frozen_features(toy_backbone("", 224), HEAD, LAYER)(views[:, 1]))
    np.testing.assert_allclose(features[:, 1], own, atol=1e-4)


def test_evidence_adds_up_to_the_score(network, views):
    """Of each view no less than its part of the score without the constant: only what speaks against it is left out."""
    _, evidence, *_ = outputs(network, views)
    assert evidence.shape == (3, 2, 14, 14)
    assert evidence.min() >= 0
    for view, fitted in enumerate((drawn(1), drawn(2))):
        features = np.asarray(frozen_features(toy_backbone("", 224), HEAD, LAYER)(views[:, view]))
        score = fitted.scores(features) - fitted.scores(np.zeros((1, CHANNELS + 1)))
        assert (evidence[:, view].sum(axis=(1, 2)) >= score - 1e-3).all()


def test_evidence_of_one_place_is_what_it_adds(views):
    """With a head that only adds, nothing is cut off: the evidence then sums up to the score."""
    network = build_two_view_network(toy_backbone("", 224), HEAD)
    adding = Discriminant(np.zeros(CHANNELS + 1), np.ones(CHANNELS + 1), np.append(np.full(CHANNELS, 0.01), 0), 0.0)
    set_two_view_head(network, adding, adding)
    set_opacity(network, LAYER)
    probabilities, evidence, *_ = outputs(network, np.abs(views))
    logs = np.log(probabilities)
    score = logs[:, COVID_INDEX] - logs[:, 1 - COVID_INDEX]
    np.testing.assert_allclose(evidence.sum(axis=(1, 2, 3)), score, rtol=1e-3)


def test_radiographs_of_a_batch_do_not_mix(network, views):
    alone = [tensor[0] for tensor in outputs(network, views[:1])]
    for one, many in zip(alone, outputs(network, views), strict=True):
        np.testing.assert_allclose(one, many[0], atol=1e-4)
