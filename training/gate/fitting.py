"""Fitting of the learned gate: one linear head for each fault, the distance from good radiographs, and their limits.

Heads are logistic regressions on principal components, in which every source weighs the same; what is kept is their
product, one weight for each input. The distance is Mahalanobis's with the smaller variances raised (shrinkage).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import randomized_svd

from diagnosis.inference.gate.learned import MEASURES, TURNS, standardised, with_squares
from training.gate.examples import CUT, LATERAL, NO_CHEST, SEVERAL, UPRIGHT, Example

UNASKED = -1
"""Truth of a head for examples that it should learn nothing from."""


@dataclass(frozen=True)
class GateRecipe:
    """components: of the inputs that heads read. strength: inverse of the L2 penalty. directions: of the distance.

    measures_weight: how much more a measure counts than one of the network's thousands of features.
    """

    components: int = 300
    strength: float = 0.02
    measures_weight: float = 5.0
    directions: int = 64
    shrinkage: float = 0.1
    seed: int = 14


@dataclass(frozen=True)
class Fitted:
    """The arrays of a LearnedGate; see there."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    centre: np.ndarray
    directions: np.ndarray


Truth = Callable[[Example], int]


def _is_frontal(example: Example) -> bool:
    return example.view == UPRIGHT


def _turned(quarters: int) -> Truth:
    return lambda one: int(one.quarters == quarters) if _is_frontal(one) and one.fault != SEVERAL else UNASKED


def _inverted(one: Example) -> int:
    return int(one.is_inverted) if _is_frontal(one) else UNASKED


def _mirrored(one: Example) -> int:
    is_asked = _is_frontal(one) and one.fault in ("", "mirrored") and not one.is_child
    return int(one.is_mirrored) if is_asked else UNASKED


def _child(one: Example) -> int:
    return int(one.is_child) if _is_frontal(one) and one.fault == "" else UNASKED


def _fault(kind: str) -> Truth:
    return lambda one: int(one.fault == kind) if _is_frontal(one) else UNASKED


HEADS: dict[str, Truth] = {
    NO_CHEST: lambda one: int(one.view == NO_CHEST),
    LATERAL: lambda one: int(one.view == LATERAL),
    **{turn: _turned(quarters) for quarters, turn in enumerate(TURNS, start=1)},
    "inverted": _inverted,
    "mirrored": _mirrored,
    **{
        kind: _fault(kind)
        for kind in (CUT, SEVERAL, "screenshot", "photographed", "blurred", "noisy", "dark", "bright")
    },
    "child": _child,
}
"""1 where an example has the fault, 0 where it has not."""


def fit_gate(inputs: np.ndarray, examples: list[Example], recipe: GateRecipe) -> Fitted:
    """inputs: (n, d) float32 of `gate_inputs`, in the order of the examples."""
    good = np.array([one.view == UPRIGHT and one.fault == "" and not one.is_child for one in examples])
    sources = np.array([one.source for one in examples])
    weights = balanced(sources[good])
    mean = np.average(inputs[good], axis=0, weights=weights)
    scale = np.sqrt(np.average((inputs[good] - mean) ** 2, axis=0, weights=weights)) + 1e-4
    standard = standardised(inputs, mean, scale).astype(np.float32)
    kernel, bias = fit_heads(with_squares(standard), examples, recipe)
    centre, directions = fit_distance(standard[good][:, MEASURES:], weights, recipe)
    return Fitted(mean, scale, kernel, bias, centre, directions)


def fit_heads(standard: np.ndarray, examples: list[Example], recipe: GateRecipe) -> tuple[np.ndarray, np.ndarray]:
    """(n, d + measures) -> weights (d + measures, heads) and bias (heads,)."""
    emphasis = np.ones(standard.shape[1], np.float32)
    emphasis[:MEASURES] = emphasis[-MEASURES:] = recipe.measures_weight
    size = min(recipe.components, *(side - 1 for side in standard.shape))
    components = PCA(size, svd_solver="randomized", random_state=recipe.seed).fit(standard * emphasis)
    reduced = components.transform(standard * emphasis)
    heads = [fit_head(reduced, truths_of(head, examples), examples, recipe) for head in HEADS.values()]
    in_components = np.column_stack([kernel for kernel, _ in heads])
    bias = np.array([bias for _, bias in heads]) - components.mean_ @ components.components_.T @ in_components
    return (components.components_.T @ in_components) * emphasis[:, None], bias


def truths_of(head: Truth, examples: Iterable[Example]) -> np.ndarray:
    return np.array([head(example) for example in examples])


def fit_head(
    reduced: np.ndarray, truths: np.ndarray, examples: list[Example], recipe: GateRecipe
) -> tuple[np.ndarray, float]:
    """Logistic regression, in which both truths weigh the same, and every source of a truth."""
    asked = truths != UNASKED
    sources = np.array([example.source for example in examples])[asked]
    truths = truths[asked]
    weights = np.zeros(len(truths))
    for truth in (0, 1):
        weights[truths == truth] = balanced(sources[truths == truth]) * len(truths) / 2
    fitted = LogisticRegression(C=recipe.strength, max_iter=300).fit(reduced[asked], truths, weights)
    return fitted.coef_[0], float(fitted.intercept_[0])


def balanced(sources: np.ndarray) -> np.ndarray:
    """Weights (n,) that sum to 1, every source with the same sum."""
    names, numbers, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights: np.ndarray = 1 / (counts[numbers] * len(names))
    return weights


def fit_distance(standard: np.ndarray, weights: np.ndarray, recipe: GateRecipe) -> tuple[np.ndarray, np.ndarray]:
    """Centre (features,), whitening directions (features, k) of good radiographs, (n, features) with weights (n,)."""
    centre = weights @ standard
    centred = (standard - centre) * np.sqrt(weights)[:, None]
    kept = min(recipe.directions, *(side - 1 for side in standard.shape))
    _, singular, rows = randomized_svd(centred, kept, random_state=recipe.seed)
    variances = singular**2
    raised = (1 - recipe.shrinkage) * variances + recipe.shrinkage * variances.mean()
    return centre, rows.T / np.sqrt(raised)
