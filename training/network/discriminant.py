"""A linear head fitted in closed form: Fisher's discriminant that treats all sources of a class alike.

Plain logistic regression on these features learns which hospital an image comes from. Two things help on hospitals
that gave nothing to training (docs/decisions/0003-generalisation.md):

* every source of a class weighs the same, however many images it gave;
* the scatter is taken *within* sources; what differs *between* the sources of one class is added with a small weight;
* so is what differs between an image and an augmented view of it, which another device or archive may change as well.

direction = (within + between_weight * between + augmentation_weight * changes + ridge * I)^-1
            (mean of COVID - mean of the others)

R. A. Fisher, Annals of Eugenics 7 (1936); the ridge as in Friedman, JASA 84 (1989).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX

Floats = NDArray[np.float64]

MIN_SOURCE_IMAGES = 10
"""A source with fewer images is left out where its class has a larger one: it would weigh as much as thousands."""

EPSILON = 1e-6
"""Added to every variance, so that a feature that never changes divides by no zero."""


@dataclass(frozen=True)
class DiscriminantConfig:
    """Weights of the scatters, on features of unit variance.

    augmented_images: this many training images, the same number of each source, give an augmented view.
    """

    ridge: float = 1.5
    between_weight: float = 0.3
    augmentation_weight: float = 0.2
    augmented_images: int = 1200


@dataclass(frozen=True)
class Discriminant:
    """score = (features - mean) / sqrt(variance + EPSILON) @ direction + intercept; arrays: (features,) float64."""

    mean: Floats
    variance: Floats
    direction: Floats
    intercept: float

    def scores(self, features: np.ndarray) -> Floats:
        """features (n, features) -> (n,) logit of COVID, before calibration."""
        return (features - self.mean) / np.sqrt(self.variance + EPSILON) @ self.direction + self.intercept


def fit_discriminant(
    features: np.ndarray,
    labels: np.ndarray,
    sources: np.ndarray,
    config: DiscriminantConfig,
    changes: np.ndarray | None = None,
) -> Discriminant:
    """Fit on features (n, d), labels (n,) class indices and sources (n,) names.

    changes: (m, d), what the features of an augmented view differ by from those of its image. Their mean counts too:
    a filter that moves every score the same way is what the score should not follow.
    """
    groups = {
        (label, source): members
        for label in np.unique(labels)
        for source, members in large_sources(np.flatnonzero(labels == label), sources).items()
    }
    weights = np.zeros(len(labels))
    for (label, _), members in groups.items():
        weights[members] = 1 / (len(members) * sum(other == label for other, _ in groups))
    mean = np.average(features, axis=0, weights=weights).astype(np.float64)
    variance = np.average((features - mean) ** 2, axis=0, weights=weights)
    standard = (features - mean) / np.sqrt(variance + EPSILON)
    centres = {group: standard[members].mean(axis=0) for group, members in groups.items()}
    covid, others = (
        np.array([centre for (label, _), centre in centres.items() if bool(label == COVID_INDEX) == wanted])
        for wanted in (True, False)
    )
    scatter = np.mean([covariance(standard[members]) for members in groups.values()], axis=0)
    scatter += config.ridge * np.eye(features.shape[1])
    scatter += config.between_weight * (covariance(covid) + covariance(others))
    if changes is not None and len(changes):
        moved = changes / np.sqrt(variance + EPSILON)
        scatter += config.augmentation_weight * (moved.T @ moved) / len(moved)
    direction = np.linalg.solve(scatter, covid.mean(axis=0) - others.mean(axis=0))
    # Halfway between the class centres; for normal classes that share this scatter the score is then a log-odds.
    intercept = -float((covid.mean(axis=0) + others.mean(axis=0)) / 2 @ direction)
    return Discriminant(mean, variance, direction, intercept)


def large_sources(members: np.ndarray, sources: np.ndarray) -> dict[str, np.ndarray]:
    """Row numbers (n,) of one class -> those of each of its sources; small sources only where there is no large one."""
    found = {source: members[sources[members] == source] for source in np.unique(sources[members])}
    large = {source: rows for source, rows in found.items() if len(rows) >= MIN_SOURCE_IMAGES}
    return large or found


def covariance(rows: np.ndarray) -> Floats:
    """(n, d) -> (d, d); zero for fewer than two rows."""
    if len(rows) < 2:
        return np.zeros((rows.shape[1], rows.shape[1]))
    return np.cov(rows, rowvar=False)
