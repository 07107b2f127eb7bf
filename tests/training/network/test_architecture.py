"""The network: what it computes, which part of it trains, and that cutting it changes nothing."""

import keras
import numpy as np
import pytest

from diagnosis.findings import CLASS_NAMES, COVID_INDEX
from tests.training.toy_network import toy_backbone
from training.network.architecture import (
    HeadConfig,
    build_network,
    cut_network,
    head_model,
    set_discriminant,
    set_trainable,
    stage_ends,
)
from training.network.discriminant import DiscriminantConfig, fit_discriminant
from training.network.tensors import named_tensors

SIZE = 96
LAST_BLOCK = {f"conv5_block3_{i}_{kind}" for i in (1, 2, 3) for kind in ("conv", "bn")}
HEADS = {
    "paper": HeadConfig(hidden_units=16),
    "linear": HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=0),
    "bands": HeadConfig(taps=(1, 0), bands=(2, 1), hidden_units=0),
    "earlier map": HeadConfig(taps=(1,), bands=(1,), hidden_units=0),
    "resnet18": HeadConfig(hidden_units=16),
    "resnet50v2": HeadConfig(taps=(1, 0), bands=(1, 1), hidden_units=16, first_dropout=0.5, norm=False),
}
"""By name; a backbone's name is also which toy is below."""


@pytest.fixture(scope="module", params=HEADS)
def network(request: pytest.FixtureRequest) -> keras.Model:
    """One network of each kind of head, its batch norms with statistics of their own."""
    network = build_network(toy_backbone("", SIZE, request.param), HEADS[request.param])
    rng = np.random.default_rng(2)
    for layer in [*network.get_layer("backbone").layers, *network.layers]:
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return network


@pytest.fixture
def paper() -> keras.Model:
    return build_network(toy_backbone("", SIZE), HEADS["paper"])


def images(number: int = 3) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 255, (number, SIZE, SIZE, 3)).astype(np.float32)


def as_input(boundary: list[keras.KerasTensor]) -> list[keras.KerasTensor] | keras.KerasTensor:
    """As the batches of training bring them: one tensor alone, several as a list."""
    return boundary if len(boundary) > 1 else boundary[0]


def trained_layers(network: keras.Model) -> set[str]:
    return {variable.path.split("/")[-2] for variable in network.trainable_variables}


def test_the_papers_network_is_as_described():
    backbone = toy_backbone("", SIZE)
    network = build_network(backbone, HeadConfig())
    hidden, norm, dropout, softmax = network.layers[-4:]
    assert (hidden.units, hidden.activation.__name__, dropout.rate) == (512, "relu", 0.5)
    assert isinstance(norm, keras.layers.BatchNormalization)
    assert (softmax.units, softmax.activation.__name__) == (len(CLASS_NAMES), "softmax")
    assert softmax.kernel_regularizer.l2 == pytest.approx(0.001)
    pooled = np.asarray(backbone(images() / 255)).mean(axis=(1, 2))
    np.testing.assert_allclose(network(images()), head_model(network)(pooled), atol=1e-6)


def test_the_network_divides_by_255_itself(paper):
    by_hand = head_model(paper)(np.asarray(paper.get_layer("backbone")(images() / 255)).mean(axis=(1, 2)))
    np.testing.assert_allclose(paper(images()), by_hand, atol=1e-6)


def test_two_bands_are_upper_and_lower():
    backbone = toy_backbone("", 224)
    network = build_network(backbone, HeadConfig(taps=(0,), bands=(2,), hidden_units=0))
    image = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3)).astype(np.float32)
    rows = np.asarray(backbone(image / 255)).mean(axis=2)[0]
    pooled = cut_network(network, 0).frozen(image)[0]
    np.testing.assert_allclose(np.ravel(pooled), np.ravel([rows[:4].mean(0), rows[3:].mean(0)]), rtol=1e-4)


@pytest.mark.parametrize("unfreeze", [0, 3, 10])
def test_cut_and_rejoined_is_the_same(network, unfreeze):
    cut, whole = cut_network(network, unfreeze), network(images())
    boundary = as_input(cut.frozen(images()))
    np.testing.assert_allclose(cut.tail(boundary), whole, atol=1e-6)
    pooled = cut.pooled(boundary)
    np.testing.assert_allclose(head_model(network)(pooled), whole, atol=1e-6)


def test_the_cut_keeps_what_the_head_reads():
    """The cut keeps one map and the averages that the head reads."""
    network = build_network(toy_backbone("", SIZE), HEADS["bands"])
    shapes = [tuple(output.shape[1:]) for output in cut_network(network, 10).frozen.outputs]
    assert shapes == [(3, 3, 32), (2 * 32,)]  # conv5_block2_out whole; conv4 only as the head sees it
    assert [tuple(output.shape[1:]) for output in cut_network(network, 0).frozen.outputs] == [(64,), (32,)]


def test_training_the_tail_trains_the_network(paper):
    cut = cut_network(paper, 10)
    set_trainable(paper, 10)
    cut.tail.compile(keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    before, answers = named_tensors(paper), paper(images())
    cut.tail.fit(as_input(cut.frozen(images())), np.array([0, 1, 0]), verbose=0)
    changed = {name.split("/")[0] for name, tensor in named_tensors(paper).items() if np.any(tensor != before[name])}
    assert changed == LAST_BLOCK | {"head_hidden", "head_norm", "head_softmax"}
    assert np.abs(paper(images()) - answers).max() > 1e-3


def test_the_last_ten_layers_are_the_last_block(paper):
    last = [layer.name for layer in paper.get_layer("backbone").layers[-10:]]
    assert {name for name in last if name.endswith(("conv", "bn"))} == LAST_BLOCK
    assert all(name.startswith("conv5_block3_") for name in last)


def test_stage_1_trains_the_head_alone(paper):
    set_trainable(paper, 0)
    assert trained_layers(paper) == {"head_hidden", "head_norm", "head_softmax"}


@pytest.mark.parametrize(("train_batch_norm", "kinds"), [(True, ("conv", "bn")), (False, ("conv",))])
def test_stage_2_trains_the_last_block_too(paper, train_batch_norm, kinds):
    set_trainable(paper, 10, train_batch_norm)
    block = {name for name in LAST_BLOCK if name.endswith(kinds)}
    assert trained_layers(paper) == block | {"head_hidden", "head_norm", "head_softmax"}


def test_a_frozen_batch_norm_keeps_its_statistics(paper):
    set_trainable(paper, 10, train_batch_norm=False)
    before = named_tensors(paper)
    paper(images(), training=True)
    changed = {name for name, tensor in named_tensors(paper).items() if np.any(tensor != before[name])}
    assert changed == {"head_norm/moving_mean", "head_norm/moving_variance"}


def test_a_linear_head_scores_as_discriminant():
    network = build_network(toy_backbone("", SIZE), HEADS["linear"])
    rng = np.random.default_rng(4)
    features, labels = rng.normal(3, 2, (40, 64)), np.arange(40) % 2
    fitted = fit_discriminant(features, labels, np.full(40, ""), DiscriminantConfig())
    set_discriminant(network, fitted)
    logs = np.log(head_model(network)(features))
    np.testing.assert_allclose(logs[:, COVID_INDEX] - logs[:, 1 - COVID_INDEX], fitted.scores(features), atol=1e-4)


def test_stages_end_where_residual_blocks_do(paper):
    assert stage_ends(paper.get_layer("backbone")) == [
        "conv2_block1_out",
        "conv3_block1_out",
        "conv4_block2_out",
        "conv5_block3_out",
    ]


def test_a_head_round_trips_the_card():
    head = HeadConfig(taps=(1, 0), bands=(2, 1), hidden_units=0, dropout=0.2, l2=0.0)
    assert HeadConfig.from_dict(head.as_dict()) == head
