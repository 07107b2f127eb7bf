"""The lung network as files: its tensors and card in a folder, and the graph that serving runs.

Committed: lungs.npz (tensors, kernels in float16) and lungs.json (card). Built: lungs.xml and lungs.bin.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import read_json, write_json
from diagnosis.inference.lung_network import GRAPH, LungNetwork
from training.lungs.network import build_lung_network
from training.network.tensors import (
    as_stored,
    assign_tensors,
    load_tensors,
    named_tensors,
    save_tensors,
    tensors_sha256,
)

TENSORS, CARD = "lungs.npz", "lungs.json"
TOLERANCE = 1e-3
"""Largest difference of a probability between Keras and the graph, and from the golden answers."""
GOLDEN_PLACES = 16
"""Golden answers are the probabilities on a grid of so many places a side."""


def round_tensors(network: keras.Model) -> None:
    """Give the network the values that come back from the file, so that what is measured is what is kept."""
    assign_tensors(network, as_stored(named_tensors(network)))


def save_lungs(folder: Path, network: keras.Model, card: dict[str, Any]) -> None:
    """Write tensors and card, with the tensors' hash and the golden answers."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = named_tensors(network)
    save_tensors(folder / TENSORS, tensors)
    golden = golden_answers(np.asarray(network(golden_picture()[None])))
    write_json(folder / CARD, card | {"tensors_sha256": tensors_sha256(tensors), "golden": golden})


def load_lungs(folder: Path) -> keras.Model:
    """The network of a folder. Raises ModelUnavailable when its tensors are not those of its card."""
    tensors, network = load_tensors(folder / TENSORS), build_lung_network()
    if tensors_sha256(tensors) != read_json(folder / CARD).get("tensors_sha256"):
        raise ModelUnavailable(f"{TENSORS} of {folder.name} is not the one its card describes.")
    assign_tensors(network, tensors)
    return network


def write_lung_graph(network: keras.Model, folder: Path) -> None:
    """lungs.xml and lungs.bin in float32."""
    network.export(str(folder / GRAPH), format="openvino", verbose=False)


def check_lungs(folder: Path, card: dict[str, Any]) -> None:
    """Raise ModelUnavailable unless the graph in ``folder`` gives the golden answers of the card."""
    answers = np.array(golden_answers(LungNetwork(folder).probabilities(golden_picture()[None])))
    expected = np.array(card["golden"])
    difference = np.abs(answers - expected).max() if answers.shape == expected.shape else np.inf
    if not difference <= TOLERANCE:
        raise ModelUnavailable(
            f"The lung network does not give its golden answers here: they differ by {difference:.4f}."
        )


def golden_picture(side: int = 96) -> np.ndarray:
    """(96, 96, 1) float32 in [0, 1]: two dark ovals in a bright trunk, which needs no file."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    trunk = np.exp(-(((x - 0.5) / 0.45) ** 6) - ((y - 0.55) / 0.6) ** 6)
    lungs = sum(np.exp(-((((x - place) / 0.14) ** 2 + ((y - 0.48) / 0.3) ** 2) ** 2)) for place in (0.28, 0.72))
    return np.clip(trunk * 0.8 - 0.65 * lungs + 0.1, 0, 1)[:, :, np.newaxis].astype(np.float32)


def golden_answers(probabilities: np.ndarray) -> list[float]:
    """From (1, 96, 96, 1): every sixth place of every sixth row."""
    step = probabilities.shape[1] // GOLDEN_PLACES
    return [round(float(value), 6) for value in probabilities[0, ::step, ::step, 0].ravel()]
