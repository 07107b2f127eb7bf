"""One training of the lung U-Net, top to bottom: pairs, steps, figures, files."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.fitting.tensorboard import ScalarWriter, write_figures
from training.lungs.data import LungData, read_lung_data
from training.lungs.fitting import LungRecipe, Report, fit_lungs
from training.lungs.judging import by_collection, scores_of
from training.lungs.keeping import round_tensors, save_lungs, write_lung_graph
from training.lungs.network import build_lung_network

UNFINISHED = "unfinished.npz"


def train_lung_fields(
    data: Path, output: Path, recipe: LungRecipe, report: Report, tensorboard: Path | None = None
) -> dict[str, Any]:
    """Train, measure and write into ``output``; returns the card. Goes on where an interrupted run stopped.

    tensorboard: where losses and Dice go, too. Raises DatasetError for a folder without pairs.
    """
    pairs = read_lung_data(data)
    output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    network = build_lung_network()
    started = time.monotonic()
    with losses_too(report, tensorboard) as reported:
        fit_lungs(network, pairs.learned, recipe, output / UNFINISHED, reported)
    round_tensors(network)
    card = describe(network, pairs, recipe) | {"seconds": round(time.monotonic() - started)}
    save_lungs(output, network, card)
    write_lung_graph(network, output)
    (output / UNFINISHED).unlink(missing_ok=True)
    if tensorboard:
        write_figures(tensorboard, {f"{name}/dice": row["mean_dice"] for name, row in card["dice"].items()})
    return card


@contextmanager
def losses_too(report: Report, tensorboard: Path | None) -> Iterator[Report]:
    """The report, which also writes each loss for TensorBoard where it has a folder."""
    if tensorboard is None:
        yield report
        return
    writer = ScalarWriter(tensorboard)

    def reported(step: int, steps: int, loss: float) -> None:
        writer.add(step, {"loss": loss})
        report(step, steps, loss)

    try:
        yield reported
    finally:
        writer.close()


def describe(network: keras.Model, pairs: LungData, recipe: LungRecipe) -> dict[str, Any]:
    """The card: how it was made and its Dice on pairs that it did not learn from."""
    scores = scores_of(lambda pictures: np.asarray(network(pictures, training=False)), pairs.measured)
    return {
        "architecture": "U-Net",
        "parameters": network.count_params(),
        "recipe": asdict(recipe),
        "learned_from": len(pairs.learned),
        "dice": by_collection(scores),
    }
