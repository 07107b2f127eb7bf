"""Training of the lung U-Net: steps on varied pairs, a falling learning rate, averaged weights, kept as it goes."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from training.lungs.data import Pair, rng_of
from training.lungs.variation import varied


@dataclass(frozen=True)
class LungRecipe:
    """steps: of ``batch`` varied pairs each. The learning rate falls to zero as a cosine.

    settling: batches on which batch normalisation sees the averaged weights at the end.
    """

    steps: int = 3000
    batch: int = 16
    learning_rate: float = 2e-3
    weight_average: float = 0.995
    seed: int = 14
    keep_every: int = 100
    settling: int = 60


Report = Callable[[int, int, float], None]
"""Steps that are done, all steps, the loss."""


def batch_of(pairs: tuple[Pair, ...], recipe: LungRecipe, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and masks of one step, each (batch, 96, 96, 1) float32."""
    rng = rng_of(recipe.seed, step)
    made = [varied(rng.choice(pairs), rng) for _ in range(recipe.batch)]
    pictures, masks = zip(*made, strict=True)
    return np.stack(pictures)[..., None].astype(np.float32), np.stack(masks)[..., None].astype(np.float32)


def overlap_loss(truth: Any, probability: Any) -> Any:
    """Cross-entropy plus 1 - Dice of the batch (Milletari, Navab and Ahmadi 2016)."""
    entropy = ops.mean(keras.losses.binary_crossentropy(truth, probability))
    both, sizes = ops.sum(truth * probability), ops.sum(truth) + ops.sum(probability)
    return entropy + 1 - (2 * both + 1) / (sizes + 1)


def fit_lungs(
    network: keras.Model, pairs: tuple[Pair, ...], recipe: LungRecipe, kept: Path | None, report: Report
) -> None:
    """Train the network in place. ``kept``: a file of weights to go on from, written every ``keep_every`` steps."""
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps),
        weight_decay=1e-4,
        global_clipnorm=2.0,
        use_ema=True,
        ema_momentum=recipe.weight_average,
    )
    network.compile(optimizer=optimizer, loss=overlap_loss, jit_compile=False)
    first = _go_on(network, pairs, recipe, kept)
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(batch_of, pairs, recipe, first)
        for step in range(first, recipe.steps):
            pictures, masks = coming.result()
            coming = maker.submit(batch_of, pairs, recipe, step + 1)
            loss = float(network.train_on_batch(pictures, masks))
            if not math.isfinite(loss):
                raise RuntimeError(f"The loss is {loss} after {step} steps; try a smaller learning rate.")
            if (step + 1) % recipe.keep_every == 0:
                _keep(network, kept)
                report(step + 1, recipe.steps, loss)
    optimizer.finalize_variable_values(network.trainable_variables)
    settle_norms(network, pairs, recipe)


def settle_norms(network: keras.Model, pairs: tuple[Pair, ...], recipe: LungRecipe) -> None:
    """Let batch normalisation see the averaged weights: its statistics are those of the last steps' weights."""
    for step in range(recipe.settling):
        network(batch_of(pairs, recipe, recipe.steps + 1 + step)[0], training=True)


def _go_on(network: keras.Model, pairs: tuple[Pair, ...], recipe: LungRecipe, kept: Path | None) -> int:
    """The step to go on with; loads weights and the optimiser's state where a run was interrupted."""
    if kept is None or not kept.is_file():
        return 0
    network.optimizer.build(network.trainable_variables)
    with np.load(kept) as stored:
        for number, variable in enumerate(_state(network)):
            variable.assign(stored[str(number)])
    return int(network.optimizer.iterations)


def _keep(network: keras.Model, kept: Path | None) -> None:
    if kept is None:
        return
    beside = kept.with_name(f".{kept.name}.tmp.npz")
    state: dict[str, Any] = {str(number): np.asarray(variable) for number, variable in enumerate(_state(network))}
    np.savez(beside, **state)
    beside.rename(kept)


def _state(network: keras.Model) -> list[keras.Variable]:
    return [*network.variables, *network.optimizer.variables]
