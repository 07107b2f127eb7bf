"""The preset `general`: two views, discriminants on frozen features, left-out sources, opacity layer, decision.

Everything here works on features that are on disk (training/fitting/features.py), so a whole run with every source left
out once takes minutes. What the network itself is, pretrained or tuned on a GPU (training/fitting/tuning.py), makes no
difference to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.leave_out import LeftOut, Pictures, Rows, Score, leave_out_each
from training.evaluation.unseen_decision import UnseenDecision, decide
from training.network.discriminant import EPSILON, Discriminant, DiscriminantConfig, fit_discriminant
from training.network.opacity import OpacityConfig, OpacityLayer
from training.network.two_views import joined

Floats = NDArray[np.float32]
CHILDREN = ("kaggle_normal", "kaggle_bacterial", "kaggle_viral")


@dataclass(frozen=True)
class GeneralConfig:
    """whole_share: weight of the whole picture's score beside the lungs' in their sum, which is 1 together.

    opacity_weight: what one standard deviation of the lungs' mean opacity logit adds to the score.
    held_back: share of near-duplicate groups that no left-out head is trained on.
    """

    discriminant: DiscriminantConfig = field(
        default_factory=lambda: DiscriminantConfig(
            ridge=4.0,
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
    opacity: OpacityConfig = field(default_factory=OpacityConfig)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ViewFeatures:
    """What the head reads of (n,) pictures, (n, features) float32 each.

    changes: for each view, what the features of handled or randomised copies differ by from those of their pictures,
    (m, features), and the rows (m,) of these pictures; None without copies. opacity: the layer whose mean over the
    lungs' view is linear in its features and becomes part of the score; None without it.
    """

    whole: Floats
    lungs: Floats
    changes: tuple[Floats, Floats] | None = None
    changed: Rows | None = None
    opacity: OpacityLayer | None = None

    @property
    def both(self) -> Floats:
        """(n, 2 * features), in the order of the network's head."""
        return np.concatenate([self.whole, self.lungs], axis=1)


@dataclass(frozen=True)
class GeneralFit:
    """The head on both views, trained on all pictures, and what its recipe does on left-out sources."""

    head: Discriminant
    left_out: tuple[LeftOut, ...]
    decision: UnseenDecision


def fit_general(
    features: ViewFeatures,
    pictures: Pictures,
    config: GeneralConfig,
    together: Mapping[str, Sequence[str]] | None = None,
) -> GeneralFit:
    """Leave out each source once, decide on their scores, and fit the head on everything."""

    def fit(rows: Rows) -> Score:
        head = fit_head(features, pictures, rows, config)
        return lambda others: head.scores(_both(features, others))

    left_out = leave_out_each(pictures, fit, together)
    head = fit_head(features, pictures, np.arange(len(pictures.labels)), config)
    return GeneralFit(head, tuple(left_out), decide(left_out))


def fit_head(features: ViewFeatures, pictures: Pictures, rows: Rows, config: GeneralConfig) -> Discriminant:
    """A discriminant for each view on some rows, scores weighted and added."""
    fitted = []
    for index, (values, share) in enumerate(
        ((features.whole, config.whole_share), (features.lungs, 1 - config.whole_share))
    ):
        changes = _changes(features, index, rows)
        one = fit_discriminant(
            values[rows], pictures.labels[rows], pictures.sources[rows], config.discriminant, changes
        )
        fitted.append(scaled(one, share))
    if features.opacity:
        fitted[1] = with_opacity(fitted[1], features.opacity, features.lungs[rows], config.opacity_weight)
    return joined(*fitted)


def with_opacity(fitted: Discriminant, layer: OpacityLayer, values: Floats, weight: float) -> Discriminant:
    """The same score plus `weight` for each standard deviation of the mean opacity logit of the features (n, features).

    The mean of a linear layer's output is that layer on the mean of its input.
    """
    kernel, bias = layer.folded()
    logits = values @ kernel + bias
    slope = weight / float(logits.std() + EPSILON)
    scale = np.sqrt(fitted.variance + EPSILON)
    moved = slope * float(fitted.mean @ kernel + bias - logits.mean())
    return replace(fitted, direction=fitted.direction + slope * kernel * scale, intercept=fitted.intercept + moved)


def scaled(fitted: Discriminant, share: float) -> Discriminant:
    return replace(fitted, direction=fitted.direction * share, intercept=fitted.intercept * share)


def _changes(features: ViewFeatures, view: int, rows: Rows) -> Floats | None:
    """Changes of the copies of these rows only: a left-out source must not shape the head in any way."""
    if features.changes is None or features.changed is None:
        return None
    return features.changes[view][np.isin(features.changed, rows)]


def _both(features: ViewFeatures, rows: Rows) -> Floats:
    return np.concatenate([features.whole[rows], features.lungs[rows]], axis=1)
