"""The heat map: Grad-CAM in closed form, compared with the gradient that TensorFlow computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.grad_cam import as_list, head_of, pools_of, serving_model
from tests.training.toy_network import toy_backbone
from training.network.architecture import HeadConfig, build_network

SIZE = 224
HEADS = {
    "paper": HeadConfig(hidden_units=16),
    "linear": HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0),
    "bands": HeadConfig(taps=(1, 0), bands=(3, 2), hidden_units=0),
    "resnet18": HeadConfig(hidden_units=16),
    "resnet50v2": HeadConfig(hidden_units=16, first_dropout=0.5, norm=False),
}
"""By name; a backbone's name is also which toy is below."""


def new_network(name: str) -> keras.Model:
    """A network whose head has statistics and weights of its own."""
    network = build_network(toy_backbone("", SIZE, name), HEADS[name])
    rng = np.random.default_rng(1)
    for layer in head_of(network):
        for variable in layer.weights:
            if "seed_generator" not in variable.path:
                scale = rng.uniform(0.5, 1.5, variable.shape)
                variable.assign(scale if "variance" in variable.path else scale * rng.choice([-1, 1], variable.shape))
    return network


@pytest.fixture(params=HEADS)
def network(request: pytest.FixtureRequest) -> keras.Model:
    return new_network(request.param)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (3, SIZE, SIZE, 3)).astype(np.float32)


def score(network: keras.Model, maps: list[tf.Tensor]) -> tf.Tensor:
    """log(COVID) - log(Non-COVID) from the feature maps on, by the network's own layers."""
    features = tf.concat([pool(features) for pool, features in zip(pools_of(network), maps, strict=True)], axis=1)
    for layer in head_of(network):
        features = layer(features, training=False) if isinstance(layer, keras.layers.Dropout) else layer(features)
    logs = tf.math.log(features)
    return logs[:, COVID_INDEX] - logs[:, 1 - COVID_INDEX]


def contributions(network: keras.Model, images: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Gradient times activation, summed over channels, (n, rows, cols) for each map; and the score, (n,)."""
    maps = [tf.constant(features) for features in as_list(network.get_layer("backbone")(images / 255))]
    with tf.GradientTape() as tape:
        tape.watch(maps)
        scores = score(network, maps)
    gradients = tape.gradient(scores, maps)
    products = [tf.reduce_sum(one * other, axis=-1).numpy() for one, other in zip(gradients, maps, strict=True)]
    return products, scores.numpy()


def on_finest_map(maps: list[np.ndarray]) -> np.ndarray:
    """The maps added up at the resolution of the finest one; stretching a map keeps its sum."""
    rows, cols = max(contribution.shape[1:] for contribution in maps)
    total = np.zeros((len(maps[0]), rows, cols))
    for contribution in maps:
        stretched = tf.image.resize(contribution[..., None], (rows, cols))[..., 0].numpy()
        total += stretched * (contribution[0].size / (rows * cols))
    return total


def turned_round(name: str) -> keras.Model:
    """The same network with its two classes exchanged, so that its map shows the evidence against COVID."""
    network = new_network(name)
    softmax = head_of(network)[-1]
    softmax.set_weights([weights[..., ::-1] for weights in softmax.get_weights()])
    return network


@pytest.mark.parametrize("name", HEADS)
def test_the_map_is_grad_cam(name, images):
    """Of the evidence for COVID, and of that against it: of the toy of V2 one of them is nowhere, and its map empty."""
    for network in (new_network(name), turned_round(name)):
        probabilities, evidence = serving_model(network)(images)
        expected = on_finest_map(contributions(network, images)[0])
        assert expected.any()
        assert name == "resnet50v2" or expected.min() < 0 < expected.max()
        np.testing.assert_allclose(evidence, np.maximum(expected, 0), rtol=1e-3, atol=1e-5 * np.abs(expected).max())
        np.testing.assert_allclose(probabilities, network(images), atol=1e-6)


@pytest.mark.parametrize("name", ["linear", "bands"])
def test_linear_evidence_sums_to_the_score(images, name):
    network = new_network(name)
    found_for, found_against = (
        np.asarray(serving_model(which)(images)[1]).sum(axis=(1, 2)) for which in (network, turned_round(name))
    )
    _, scores = contributions(network, images)
    constant = scores - (found_for - found_against)
    np.testing.assert_allclose(constant, constant[0], rtol=1e-3, atol=1e-3)  # what no place of the image contributes
    assert np.ptp(scores) > 10 * np.ptp(constant)


def test_the_map_is_as_fine_as_the_head_reads(network, images):
    """The map is as fine as the finest map that the head reads."""
    evidence = serving_model(network)(images)[1]
    assert evidence.shape == ((3, 14, 14) if len(pools_of(network)) > 1 else (3, 7, 7))
