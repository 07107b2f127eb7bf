"""The closed-form head: what it computes, and that no source of a class outweighs another."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from diagnosis.findings import CLASS_NAMES, COVID_INDEX
from training.network.discriminant import Discriminant, DiscriminantConfig, fit_discriminant

COVID, OTHER = COVID_INDEX, 1 - COVID_INDEX
SOURCES = {"cohen": COVID, "bimcv": COVID, "nih": OTHER, "montgomery": OTHER, "shenzhen": OTHER}


def images(counts: dict[str, int], seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (n, 5) with a centre for each source, labels and sources."""
    rng = np.random.default_rng(seed)
    centres = {name: rng.normal(size=5) + (2 if label == COVID else 0) for name, label in SOURCES.items()}
    names = np.repeat(list(counts), list(counts.values()))
    features = np.stack([centres[name] for name in names]) + rng.normal(size=(len(names), 5)) * [1, 2, 3, 4, 50]
    return features, np.array([SOURCES[name] for name in names]), names


def fit(features: np.ndarray, labels: np.ndarray, sources: np.ndarray, **config: Any) -> Discriminant:
    return fit_discriminant(features, labels, sources, DiscriminantConfig(**config))


def assert_same_scores(one: Discriminant, other: Discriminant) -> None:
    probe = np.random.default_rng(9).normal(size=(20, 5)) * 10
    np.testing.assert_allclose(one.scores(probe), other.scores(probe), rtol=1e-6, atol=1e-9)


EQUAL = dict.fromkeys(SOURCES, 40)


def test_a_high_score_means_covid():
    features, labels, sources = images(EQUAL)
    scores = fit(features, labels, sources).scores(features)
    assert scores[labels == COVID].mean() > 0.5
    assert scores[labels == OTHER].mean() < -0.5


def test_single_sources_give_fishers_own():
    """It is fisher s discriminant where each class is one source."""
    features, labels, _ = images({"cohen": 60, "nih": 60})
    fitted = fit(features, labels, np.full(120, ""), ridge=0.0, between_weight=0.0)
    within = (np.cov(features[labels == COVID], rowvar=False) + np.cov(features[labels == OTHER], rowvar=False)) / 2
    means = [features[labels == label].mean(axis=0) for label in range(len(CLASS_NAMES))]
    direction = np.linalg.solve(within, means[COVID] - means[OTHER])
    expected = (features - (means[COVID] + means[OTHER]) / 2) @ direction
    np.testing.assert_allclose(fitted.scores(features), expected, rtol=1e-4, atol=1e-6)


def test_doubled_images_change_nothing():
    features, labels, sources = images(EQUAL)
    twice = np.concatenate([np.arange(len(labels)), np.flatnonzero(sources == "nih")])
    # The divisor of a covariance is the number of images less one, so the scatter of `nih` shrinks by 0.6 %.
    first, second = fit(features, labels, sources), fit(features[twice], labels[twice], sources[twice])
    np.testing.assert_allclose(first.mean, second.mean)
    np.testing.assert_allclose(first.direction, second.direction, rtol=0.02, atol=1e-3)
    assert first.intercept == pytest.approx(second.intercept, abs=1e-2)


def test_small_sources_weigh_less():
    """A source with a handful of images does not weigh as much as the others."""
    features, labels, sources = images(EQUAL | {"shenzhen": 9})
    kept = sources != "shenzhen"
    assert_same_scores(fit(features, labels, sources), fit(features[kept], labels[kept], sources[kept]))


def test_small_sources_alone_all_count():
    features, labels, sources = images(EQUAL | {"cohen": 5, "bimcv": 1})
    assert np.isfinite(fit(features, labels, sources).scores(features)).all()


def test_order_and_source_names_do_not_matter():
    """The order of images and the names of sources do not matter."""
    features, labels, sources = images(EQUAL)
    order = np.random.default_rng(1).permutation(len(labels))
    assert_same_scores(fit(features, labels, sources), fit(features[order], labels[order], sources[order]))
    renamed = np.array([f"z{name[::-1]}" for name in sources])
    assert_same_scores(fit(features, labels, sources), fit(features, labels, renamed))


def test_the_unit_of_a_feature_does_not_matter():
    features, labels, sources = images(EQUAL)
    scale, shift = np.array([1, 100, 0.1, 5, 20]), np.array([0, 5, -3, 100, 0])
    first, second = fit(features, labels, sources), fit(features * scale + shift, labels, sources)
    np.testing.assert_allclose(second.scores(features * scale + shift), first.scores(features), rtol=1e-3)


def test_source_differences_weigh_less():
    features, labels, sources = images(EQUAL)
    hospital = np.array(
        [{"cohen": 0.0, "bimcv": 9.0, "nih": 0.0, "montgomery": 3.0, "shenzhen": -3.0}[s] for s in sources]
    )
    features[:, 4] = hospital + np.random.default_rng(2).normal(size=len(labels)) * 0.5
    weights = [abs(fit(features, labels, sources, between_weight=weight).direction[4]) for weight in (0.0, 0.05, 1.0)]
    assert weights[0] > weights[1] > weights[2]


def test_a_stronger_ridge_makes_a_shorter_direction():
    lengths = [np.linalg.norm(fit(*images(EQUAL), ridge=ridge).direction) for ridge in (0.0, 0.5, 2.0, 50.0)]
    assert all(longer > shorter for longer, shorter in combinations(lengths, 2))


def test_a_feature_that_never_changes_does_no_harm():
    features, labels, sources = images(EQUAL)
    features[:, 2] = 7.0
    fitted = fit(features, labels, sources)
    assert np.isfinite(fitted.scores(features)).all()
    assert fitted.direction[2] == pytest.approx(0)


def test_what_augmented_views_change_weighs_less():
    features, labels, sources = images(EQUAL)
    changes = np.zeros((30, 5))
    changes[:, 1] = 20.0  # every view moves this feature, all in the same way
    weights = [
        abs(
            fit_discriminant(features, labels, sources, DiscriminantConfig(augmentation_weight=w), changes).direction[1]
        )
        for w in (0.0, 0.1, 10.0)
    ]
    assert weights[0] > 2 * weights[1] > 4 * weights[2]


def test_no_views_change_nothing():
    data = images(EQUAL)
    assert_same_scores(
        fit_discriminant(*data, DiscriminantConfig()), fit_discriminant(*data, DiscriminantConfig(), np.zeros((0, 5)))
    )
