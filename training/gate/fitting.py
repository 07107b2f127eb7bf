"""Fitting of the learned gate: one linear head for each fault, the distance from good radiographs, and their limits.

Heads are logistic regressions on principal components, in which every source weighs the same; what is kept is the
product of both, one weight for each input. The distance is Mahalanobis's with the smaller variances raised (shrinkage).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from diagnosis.inference.gate.learned import MEASURES, TURNS, standardised, with_squares
from training.gate.examples import CUT, LATERAL, NO_CHEST, SEVERAL, UPRIGHT, Example

NOTHING_KNOWN = -10.0
UNASKED = -1
"""Truth of a head for examples that it should learn nothing from."""


@dataclass(frozen=True)
class GateRecipe:
    """components: of the inputs that heads read, learned from ``basis_pictures`` pictures. strength: inverse of the L2
    penalty; side_strength: that of left against right. directions: how many of the components the distance reads.

    measures_weight: how much more a measure counts than one of the network's thousands of features.
    """

    components: int = 200
    basis_pictures: int = 2500
    strength: float = 0.02
    measures_weight: float = 5.0
    side_strength: float = 0.03
    directions: int = 200
    shrinkage: float = 0.1
    seed: int = 14


@dataclass(frozen=True)
class Fitted:
    """The arrays of a LearnedGate; see there."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    side: np.ndarray
    centre: np.ndarray
    directions: np.ndarray


Truth = Callable[[Example], int]


def _is_frontal(example: Example) -> bool:
    return example.view == UPRIGHT


def _turned(quarters: int) -> Truth:
    return lambda one: int(one.quarters == quarters) if _is_frontal(one) and one.fault != SEVERAL else UNASKED


def _inverted(one: Example) -> int:
    return int(one.is_inverted) if _is_frontal(one) else UNASKED


def _child(one: Example) -> int:
    return int(one.is_child) if _is_frontal(one) and one.fault == "" else UNASKED


def _fault(kind: str) -> Truth:
    return lambda one: int(one.fault == kind) if _is_frontal(one) else UNASKED


HEADS: dict[str, Truth] = {
    NO_CHEST: lambda one: int(one.view == NO_CHEST),
    LATERAL: lambda one: int(one.view == LATERAL),
    **{turn: _turned(quarters) for quarters, turn in enumerate(TURNS, start=1)},
    "inverted": _inverted,
    **{
        kind: _fault(kind)
        for kind in (CUT, SEVERAL, "screenshot", "photographed", "blurred", "noisy", "dark", "bright")
    },
    "child": _child,
}
"""1 where an example has the fault, 0 where it has not."""


@dataclass(frozen=True)
class Basis:
    """What the inputs are read through: standardised, measures emphasised, principal components. Learned once, from
    every picture and without any label, so that leaving a source out takes seconds.

    mean, scale: (d,). components: (d + measures, k), with the emphasis in them. offset: (k,).
    """

    mean: np.ndarray
    scale: np.ndarray
    components: np.ndarray
    offset: np.ndarray

    def reduced(self, values: np.ndarray) -> np.ndarray:
        """(n, d) -> (n, k)."""
        return with_squares(standardised(values, self.mean, self.scale)) @ self.components - self.offset


def fit_basis(values: np.ndarray, examples: Sequence[Example], recipe: GateRecipe) -> Basis:
    """values: (n, d) of GateInputs, in the order of the examples."""
    good = np.array([is_plain(one) for one in examples])
    weights = balanced(np.array([one.source for one in examples])[good])
    mean = np.average(values[good], axis=0, weights=weights)
    scale = np.sqrt(np.average((values[good] - mean) ** 2, axis=0, weights=weights)) + 1e-4
    chosen = np.random.default_rng(recipe.seed).permutation(len(values))[: recipe.basis_pictures]
    standard = with_squares(standardised(values[chosen], mean, scale)).astype(np.float32)
    emphasis = np.ones(standard.shape[1], np.float32)
    emphasis[:MEASURES] = emphasis[-MEASURES:] = recipe.measures_weight
    size = min(recipe.components, *(side - 1 for side in standard.shape))
    found = PCA(size, svd_solver="randomized", iterated_power=2, random_state=recipe.seed).fit(standard * emphasis)
    components = found.components_.T * emphasis[:, None]
    return Basis(mean, scale, components, found.mean_ @ found.components_.T)


def fit_gate(
    basis: Basis, reduced: np.ndarray, sides: np.ndarray, examples: Sequence[Example], recipe: GateRecipe
) -> Fitted:
    """reduced: (n, k) of the basis, sides: (n, 1024) of GateInputs, in the order of the examples."""
    good = np.array([is_plain(one) for one in examples])
    weights = balanced(np.array([one.source for one in examples])[good])
    heads = [fit_head(reduced, truths_of(head, examples), examples, recipe) for head in HEADS.values()]
    kernel, bias = np.column_stack([kernel for kernel, _ in heads]), np.array([bias for _, bias in heads])
    centre, directions = fit_distance(reduced[good], weights, recipe)
    return Fitted(
        mean=basis.mean,
        scale=basis.scale,
        weights=basis.components @ kernel,
        bias=bias - basis.offset @ kernel,
        side=fit_side(sides[good], weights, recipe),
        directions=basis.components @ directions,
        centre=(centre + basis.offset) @ directions,
    )


def is_plain(example: Example) -> bool:
    """An adult's frontal radiograph without a fault."""
    return example.view == UPRIGHT and example.fault == "" and not example.is_child


def truths_of(head: Truth, examples: Iterable[Example]) -> np.ndarray:
    return np.array([head(example) for example in examples])


def fit_head(
    reduced: np.ndarray, truths: np.ndarray, examples: Sequence[Example], recipe: GateRecipe
) -> tuple[np.ndarray, float]:
    """Logistic regression, in which both truths weigh the same, and every source of a truth.

    Without examples of both truths there is nothing to learn: the score is the same, and low, for every picture.
    """
    asked = truths != UNASKED
    if len(np.unique(truths[asked])) < 2:
        return np.zeros(reduced.shape[1]), NOTHING_KNOWN
    sources = np.array([example.source for example in examples])[asked]
    truths = truths[asked]
    weights = np.zeros(len(truths))
    for truth in (0, 1):
        weights[truths == truth] = balanced(sources[truths == truth]) * len(truths) / 2
    fitted = LogisticRegression(C=recipe.strength, max_iter=1000, tol=1e-3).fit(reduced[asked], truths, weights)
    return fitted.coef_[0], float(fitted.intercept_[0])


def fit_side(sides: np.ndarray, weights: np.ndarray, recipe: GateRecipe) -> np.ndarray:
    """Weights (1024,) that tell mirrored pictures from these (n, 1024): the same numbers with the other sign."""
    both, truths = np.concatenate([sides, -sides]), np.repeat([0, 1], len(sides))
    model = LogisticRegression(C=recipe.side_strength, fit_intercept=False, max_iter=1000)
    return model.fit(both, truths, np.tile(weights, 2) * len(sides)).coef_[0]


def balanced(sources: np.ndarray) -> np.ndarray:
    """Weights (n,) that sum to 1, every source with the same sum."""
    names, numbers, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights: np.ndarray = 1 / (counts[numbers] * len(names))
    return weights


def fit_distance(reduced: np.ndarray, weights: np.ndarray, recipe: GateRecipe) -> tuple[np.ndarray, np.ndarray]:
    """Centre (k,) and whitening directions (k, directions) of radiographs (n, k) with weights (n,).

    Of the directions in which they vary most; the smaller variances are raised towards the mean one (shrinkage).
    """
    centre = weights @ reduced
    centred = (reduced - centre) * np.sqrt(weights)[:, None]
    variances, vectors = np.linalg.eigh(centred.T @ centred)
    kept = slice(-recipe.directions, None)
    raised = (1 - recipe.shrinkage) * variances[kept] + recipe.shrinkage * variances[kept].mean()
    return centre, vectors[:, kept] / np.sqrt(raised)
