"""The linear head of a network with classes of its own, in closed form: each class against all others."""

import keras
import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX
from diagnosis.inference.grad_cam import head_of
from training.network.discriminant import EPSILON, Discriminant, DiscriminantConfig, fit_discriminant


def fit_class_discriminants(
    features: np.ndarray,
    truth: NDArray[np.bool_],
    sources: np.ndarray,
    config: DiscriminantConfig,
    changes: np.ndarray | None = None,
) -> list[Discriminant]:
    """One for each column of truth (n, classes), fitted as the one of COVID is; every source of the others counts."""
    sides = (np.where(has, COVID_INDEX, COVID_INDEX + 1) for has in truth.T)
    return [fit_discriminant(features, labels, sources, config, changes) for labels in sides]


def set_class_discriminants(network: keras.Model, fitted: list[Discriminant]) -> None:
    """Put them into a linear head: the logit of each class is then its score. They share the first one's scale."""
    standardise, last = head_of(network)
    mean, variance = fitted[0].mean, fitted[0].variance
    scale = np.sqrt(variance + EPSILON)
    kernel = [one.direction / np.sqrt(one.variance + EPSILON) * scale for one in fitted]
    bias = [one.scores(mean[None])[0] for one in fitted]
    standardise.set_weights([mean, variance])
    last.set_weights([np.stack(kernel, axis=1), np.array(bias)])
