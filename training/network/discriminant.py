"""A linear head fitted in closed form: Fisher's discriminant that treats all sources of a class alike.

Plain logistic regression on these features learns which hospital an image comes from. Two things help on hospitals
that gave nothing to training (docs/decisions/0003-generalisation.md):

* every source of a class weighs the same, however many images it gave, or grows slowly with their number;
* the scatter is taken *within* sources; what differs *between* the sources of one class is added with a small weight;
* so is what differs between an image and an augmented view of it, which another device or archive may change as well.

direction = (within + between_weight * between + augmentation_weight * changes + ridge * I)^-1
            (mean of COVID - mean of the others)

R. A. Fisher, Annals of Eugenics 7 (1936); the ridge as in Friedman, JASA 84 (1989).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from diagnosis.findings import COVID_INDEX

Floats = NDArray[np.float64]

MIN_SOURCE_IMAGES = 10
"""A source with fewer images is left out where its class has a larger one: it would weigh as much as thousands."""

EPSILON = 1e-6
"""Added to every variance, so that a feature that never changes divides by no zero."""


@dataclass(frozen=True)
class DiscriminantConfig:
    """Weights of the scatters, on features of unit variance, and of the sources.

    augmented_images: so many training images, the same number of each source, give an augmented view.
    source_power: a source of n images weighs n ** source_power within its class; 0: all weigh the same.
    faint: sources that weigh `faint_weight` times that, children for instance, of whom few come to such a site.
    """

    ridge: float = 1.5
    between_weight: float = 0.3
    augmentation_weight: float = 0.2
    augmented_images: int = 1200
    source_power: float = 0.0
    faint: tuple[str, ...] = ()
    faint_weight: float = 1.0

    def weight(self, source: str, images: int) -> float:
        """Of a source within its class, before they are made to sum up to 1."""
        return float(images**self.source_power) * (self.faint_weight if source in self.faint else 1.0)


@dataclass(frozen=True)
class Group:
    """The images of one class from one source: row numbers (n,), and their share of the class."""

    label: int
    rows: NDArray[np.int64]
    share: float


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


@dataclass(frozen=True)
class Moments:
    """Of (count,) images of one group: mean (d,) and covariance (d, d), zero for a single one."""

    count: int
    mean: np.ndarray
    covariance: np.ndarray


def moments_of(rows: np.ndarray) -> Moments:
    """(n, d) -> its moments, in its own precision."""
    mean = rows.mean(axis=0, dtype=np.float64)
    apart = rows - mean.astype(rows.dtype)
    return Moments(len(rows), mean, apart.T @ apart / max(len(rows) - 1, 1))


def fit_discriminant(
    features: np.ndarray,
    labels: np.ndarray,
    sources: np.ndarray,
    config: DiscriminantConfig,
    changes: np.ndarray | None = None,
    moments: Callable[[NDArray[np.int64]], Moments] | None = None,
) -> Discriminant:
    """Fit on features (n, d), labels (n,) class indices and sources (n,) names.

    changes: (m, d), what the features of an augmented view differ by from those of its image. Their mean counts too:
    a filter that moves every score the same way is what the score should not follow. moments: of some row numbers,
    where someone keeps them from fit to fit; most of the work is in them.
    """
    groups = groups_of(labels, sources, config)
    found = [moments(group.rows) if moments else moments_of(features[group.rows]) for group in groups]
    shares = np.array([group.share for group in groups])
    means = np.array([one.mean for one in found], np.float64)
    mean = shares @ means / shares.sum()
    spreads = np.array([np.diag(one.covariance) * (one.count - 1) / one.count for one in found])
    variance = shares @ (spreads + (means - mean) ** 2) / shares.sum()
    scale = np.sqrt(variance + EPSILON)
    scatter = sum(share / 2 * np.asarray(one.covariance, np.float64) for share, one in zip(shares, found, strict=True))
    scatter = scatter / scale[:, None] / scale
    scatter += config.ridge * np.eye(len(mean))
    standard = (means - mean) / scale
    is_covid = np.array([group.label == COVID_INDEX for group in groups])
    (covid_centre, covid_spread), (other_centre, other_spread) = (
        centres(standard[side], shares[side]) for side in (is_covid, ~is_covid)
    )
    scatter += config.between_weight * (covid_spread + other_spread)
    if changes is not None and len(changes):
        moved = changes / scale
        scatter += config.augmentation_weight * (moved.T @ moved) / len(moved)
    direction = solve(scatter, covid_centre - other_centre, assume_a="pos", overwrite_a=True)
    # Halfway between the class centres; for normal classes that share this scatter the score is then a log-odds.
    intercept = -float((covid_centre + other_centre) / 2 @ direction)
    return Discriminant(mean, variance, direction, intercept)


def groups_of(labels: np.ndarray, sources: np.ndarray, config: DiscriminantConfig) -> list[Group]:
    """Every source of each class; the shares of a class sum up to 1."""
    groups = []
    for label in np.unique(labels):
        members = large_sources(np.flatnonzero(labels == label), sources)
        weights = {source: config.weight(source, len(rows)) for source, rows in members.items()}
        total = sum(weights.values())
        groups += [Group(int(label), rows, weights[source] / total) for source, rows in members.items()]
    return groups


def centres(means: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Of the sources of a class, (k, d) and (k,): its centre, (d,), and the covariance (d, d) of theirs around it.

    Zero for one source.
    """
    centre = shares @ means
    if len(means) < 2:
        return centre, np.zeros((len(centre), len(centre)))
    apart = (means - centre) * np.sqrt(shares * len(means) / (len(means) - 1))[:, None]
    return centre, apart.T @ apart


def large_sources(members: np.ndarray, sources: np.ndarray) -> dict[str, np.ndarray]:
    """Row numbers (n,) of one class -> those of each of its sources; small sources only where there is no large one."""
    found = {source: members[sources[members] == source] for source in np.unique(sources[members])}
    large = {source: rows for source, rows in found.items() if len(rows) >= MIN_SOURCE_IMAGES}
    return large or found
