"""The preset `general`: two views, discriminants on frozen features, left-out sources, opacity layer, decision.

Everything here works on features that are on disk (training/fitting/features.py), so a whole run with every source left
out once takes minutes. What the network itself is, pretrained or tuned on a GPU (training/fitting/tuning.py), makes no
difference to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.leave_out import LeftOut, Pictures, Rows, Score, leave_out_each
from training.evaluation.unseen_decision import UnseenDecision, decide
from training.fitting.appearances import AppearanceConfig
from training.network.discriminant import Discriminant, DiscriminantConfig, Moments, fit_discriminant, moments_of
from training.network.opacity import OpacityConfig
from training.network.two_views import joined

Floats = NDArray[np.float32]
KeptMoments = dict[tuple[int, bytes], Moments]
CHILDREN = ("kaggle_normal", "kaggle_bacterial", "kaggle_viral")
SAME_HOSPITALS = (("siim", "bimcv"), ("kaggle_bacterial", "kaggle_viral"))
"""Sources that are left out together, because they share hospitals."""
FEWEST_LEFT_OUT = 20
"""A source with fewer pictures is learned from, and says nothing when it is left out."""


@dataclass(frozen=True)
class GeneralConfig:
    """whole_share: weight of the whole picture's score beside the lungs' in their sum, which is 1 together.

    opacity_weight: what one standard deviation of the lungs' mean opacity logit adds to the score.
    handled: so many held-back pictures say how steady the answers are.
    most_of_a_source: so many pictures of one class from one source are learned from. A source weighs n ** 0.25, so
    more of one that has many hardly count, and their features take hours.
    held_back: share of near-duplicate groups that no left-out head is trained on.
    """

    discriminant: DiscriminantConfig = field(
        default_factory=lambda: DiscriminantConfig(
            ridge=1.0,
            between_weight=0.1,
            source_power=0.25,
            faint=CHILDREN,
            faint_weight=0.4,
            augmentation_weight=0.0,
            augmented_images=300,
        )
    )
    whole_share: float = 0.5
    opacity_weight: float = 1.0
    held_back: float = 0.2
    handled: int = 150
    most_of_a_source: int | None = 1000
    opacity: OpacityConfig = field(default_factory=OpacityConfig)
    appearances: AppearanceConfig = field(default_factory=AppearanceConfig)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ViewFeatures:
    """What the head reads of (n,) pictures, (n, features) float32 each; the last feature is the mean opacity logit.

    changes: for each view, what the features of handled or randomised copies differ by from those of their pictures,
    (m, features), and the rows (m,) of these pictures; None without copies.
    """

    whole: Floats
    lungs: Floats
    changes: tuple[Floats, Floats] | None = None
    changed: Rows | None = None

    @property
    def both(self) -> Floats:
        """(n, 2 * features), in the order of the network's head."""
        return np.concatenate([self.whole, self.lungs], axis=1)


@dataclass(frozen=True)
class GeneralFit:
    """The head on both views, trained on all pictures, and what its recipe does on left-out sources.

    without: for each source, the head that has not seen it. One head serves all sources that are left out together.
    """

    head: Discriminant
    left_out: tuple[LeftOut, ...]
    decision: UnseenDecision
    without: Mapping[str, Discriminant]


def fit_general(features: ViewFeatures, pictures: Pictures, config: GeneralConfig) -> GeneralFit:
    """Leave out each source once, decide on their scores, and fit the head on everything."""
    heads: list[Discriminant] = []
    kept: KeptMoments = {}

    def fit(rows: Rows) -> Score:
        head = fit_head(features, pictures, rows, config, kept)
        heads.append(head)
        return lambda others: head.scores(_both(features, others))

    kinds = left_out_together(pictures)
    left_out = leave_out_each(pictures, fit, kinds)
    without = {source: head for sources, head in zip(kinds.values(), heads, strict=True) for source in sources}
    head = fit_head(features, pictures, np.arange(len(pictures.labels)), config)
    return GeneralFit(head, tuple(left_out), decide(left_out), without)


def left_out_together(pictures: Pictures) -> dict[str, tuple[str, ...]]:
    """Name of each kind that is left out -> its sources that are here, those of the same hospitals together."""
    names, counts = np.unique(pictures.sources, return_counts=True)
    here = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
    shared = {source for several in SAME_HOSPITALS for source in several}
    kinds: dict[str, tuple[str, ...]] = {source: (source,) for source in here if source not in shared}
    for several in SAME_HOSPITALS:
        if present := tuple(source for source in several if source in here):
            kinds[" + ".join(present)] = present
    return {
        name: sources
        for name, sources in sorted(kinds.items())
        if sum(here[source] for source in sources) >= FEWEST_LEFT_OUT
    }


def fit_head(
    features: ViewFeatures, pictures: Pictures, rows: Rows, config: GeneralConfig, kept: KeptMoments | None = None
) -> Discriminant:
    """A discriminant for each view on some rows, scores weighted and added, and the lungs' mean opacity.

    kept: moments of groups from other fits, and those of this one from now on: leaving a source out changes few groups.
    """
    views = ((features.whole, config.whole_share, 0.0), (features.lungs, 1 - config.whole_share, config.opacity_weight))
    fitted = []
    for index, (values, share, opacity) in enumerate(views):
        one = fit_discriminant(
            values[rows, :-1],
            pictures.labels[rows],
            pictures.sources[rows],
            config.discriminant,
            _changes(features, index, rows),
            _moments_in(kept, index, values, rows) if kept is not None else None,
        )
        fitted.append(with_opacity(scaled(one, share), values[rows, -1], opacity))
    return joined(*fitted)


def _moments_in(kept: KeptMoments, view: int, values: Floats, rows: Rows) -> Callable[[Rows], Moments]:
    """Moments of rows of `rows`, kept by the view and the pictures."""

    def moments(chosen: Rows) -> Moments:
        key = (view, rows[chosen].tobytes())
        if key not in kept:
            kept[key] = moments_of(values[rows[chosen], :-1])
        return kept[key]

    return moments


def with_opacity(fitted: Discriminant, logits: Floats, weight: float) -> Discriminant:
    """With one more feature, the mean opacity logit (n,) of the fitted pictures: a standard deviation adds `weight`."""
    return Discriminant(
        np.append(fitted.mean, logits.mean()),
        np.append(fitted.variance, logits.var()),
        np.append(fitted.direction, weight),
        fitted.intercept,
    )


def scaled(fitted: Discriminant, share: float) -> Discriminant:
    return replace(fitted, direction=fitted.direction * share, intercept=fitted.intercept * share)


def _changes(features: ViewFeatures, view: int, rows: Rows) -> Floats | None:
    """Changes of the copies of these rows only: a left-out source must not shape the head in any way."""
    if features.changes is None or features.changed is None:
        return None
    return features.changes[view][np.isin(features.changed, rows), :-1]


def _both(features: ViewFeatures, rows: Rows) -> Floats:
    return np.concatenate([features.whole[rows], features.lungs[rows]], axis=1)
