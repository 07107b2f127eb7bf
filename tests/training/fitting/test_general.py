"""The preset `general` on made-up features: heads, left-out sources and the decision hang together."""

import numpy as np
import pytest

from diagnosis.findings import COVID_INDEX
from training.evaluation.leave_out import Pictures, weighted_auc
from training.fitting.general import GeneralConfig, ViewFeatures, fit_general, fit_head, left_out_together, scaled
from training.network.discriminant import DiscriminantConfig

SOURCES = {"web": 0, "siim": 0, "nih": 1, "jsrt": 1, "chexpert": 1}
CONFIG = GeneralConfig(discriminant=DiscriminantConfig(ridge=1.0, source_power=0.25), opacity_weight=0.3)


def made(each: int = 40, seed: int = 0) -> tuple[ViewFeatures, Pictures]:
    """Two views of 6 features: the first shows the class, the others the source; the last is the opacity."""
    rng = np.random.default_rng(seed)
    names = np.repeat(list(SOURCES), each)
    labels = np.array([SOURCES[name] for name in names])
    hospital = {name: rng.normal(size=6) for name in SOURCES}
    base = np.stack([hospital[name] for name in names])
    base[:, 0] = np.where(labels == COVID_INDEX, 1.5, -1.5)
    whole, lungs = (np.asarray(base + rng.normal(size=base.shape), np.float32) for _ in range(2))
    held_back = np.arange(len(names)) % 5 == 0
    return ViewFeatures(whole, lungs), Pictures(labels, names, np.arange(len(names)), held_back)


def test_a_run_on_made_up_features():
    features, pictures = made()
    found = fit_general(features, pictures, CONFIG)
    assert {one.source for one in found.left_out} == set(SOURCES)
    assert set(found.without) == set(SOURCES)
    assert min(one.auc for one in found.left_out) > 0.75
    assert found.decision.answered > 0.5
    scores = found.head.scores(features.both)
    assert weighted_auc(pictures.labels == COVID_INDEX, scores) > 0.95


def test_a_left_out_source_shapes_nothing():
    """Whatever its pictures are, its own head is the same."""
    features, pictures = made()
    theirs = pictures.sources == "nih"
    rows = np.flatnonzero(~theirs)
    whole, lungs = (np.where(theirs[:, None], 99, view) for view in (features.whole, features.lungs))
    other = ViewFeatures(whole, lungs)
    one, same = (fit_head(each, pictures, rows, CONFIG) for each in (features, other))
    np.testing.assert_array_equal(one.direction, same.direction)


def test_the_shares_of_the_views():
    features, pictures = made()
    rows = np.arange(len(pictures.labels))
    whole_only = fit_head(features, pictures, rows, GeneralConfig(discriminant=CONFIG.discriminant, whole_share=1.0))
    assert not whole_only.direction[6:11].any()
    assert whole_only.direction[:5].any()


def test_scaled_scores():
    features, pictures = made()
    head = fit_head(features, pictures, np.arange(len(pictures.labels)), CONFIG)
    assert scaled(head, 0.5).scores(features.both) == pytest.approx(head.scores(features.both) / 2)


def test_what_copies_change_weighs_less():
    features, pictures = made()
    rows = np.arange(len(pictures.labels))
    change = np.zeros((20, 6), np.float32)
    change[:, 0] = 5
    steady = GeneralConfig(discriminant=DiscriminantConfig(ridge=1.0, augmentation_weight=1.0))
    with_copies = ViewFeatures(features.whole, features.lungs, (change, change), np.arange(20))
    one, other = (fit_head(each, pictures, rows, steady) for each in (features, with_copies))
    assert abs(other.direction[0]) < 0.5 * abs(one.direction[0])


def test_how_opaque_the_lungs_are_counts():
    """Each standard deviation of the lungs' mean opacity adds the weight; that of the whole picture adds nothing."""
    features, pictures = made()
    rows = np.arange(len(pictures.labels))
    head = fit_head(features, pictures, rows, CONFIG)
    before = head.scores(features.both)
    for view, added in ((features.lungs, CONFIG.opacity_weight), (features.whole, 0)):
        view[:, -1] += view[:, -1].std()
        np.testing.assert_allclose(head.scores(features.both) - before, added, rtol=1e-3, atol=1e-5)
        view[:, -1] -= view[:, -1].std()


def test_sources_of_the_same_hospitals_are_left_out_together():
    names = np.repeat(["siim", "bimcv", "web", "jsrt", "one"], [30, 5, 30, 30, 1])
    labels = np.where(np.isin(names, ["jsrt", "one"]), 1 - COVID_INDEX, COVID_INDEX)
    pictures = Pictures(labels, names, np.arange(len(names)), np.zeros(len(names), bool))
    kinds = {"jsrt": ("jsrt",), "siim + bimcv": ("siim", "bimcv"), "web": ("web",)}
    assert left_out_together(pictures) == kinds
