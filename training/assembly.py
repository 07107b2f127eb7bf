"""From what is committed of a version to what is served: assemble the network, check it, write its graphs.

Committed is only what training changed; the frozen part comes from the package with the pretrained weights. Tensor
hashes and the golden answers make sure that the result is the network that was evaluated.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from diagnosis.artifacts import GOLDEN, TRAINED, Artifact, read_json, write_built
from diagnosis.contract import COVID_INDEX, IMAGE_SIZE
from diagnosis.engines import KERAS_MODEL, SERVING_GRAPH, Engine, OpenVINOEngine
from diagnosis.errors import ModelUnavailable
from diagnosis.evidence import serving_model
from training.backbone import build_backbone
from training.golden import golden_images
from training.network import HeadConfig, build_network
from training.tensors import assign_tensors, load_tensors, named_tensors, tensors_sha256

GOLDEN_TOLERANCE = 1e-3
"""Largest difference of a raw probability from the golden one; float32 engines differ by less than 1e-4."""


@dataclass(frozen=True)
class NetworkDescription:
    """The part of a card that says how to make the network."""

    weights: str
    head: HeadConfig
    weights_sha256: str
    trained_sha256: str


def describe(artifact: Artifact) -> NetworkDescription:
    """Raises ModelUnavailable when the card does not say how to make the network."""
    network = artifact.card["network"]
    try:
        return NetworkDescription(
            weights=network["backbone"],
            head=HeadConfig.from_dict(network["head"]),
            weights_sha256=artifact.weights_sha256,
            trained_sha256=network["trained_sha256"],
        )
    except (KeyError, TypeError) as error:
        raise ModelUnavailable(f"The card of model {artifact.version} is damaged: {error!r}.") from error


def assemble_network(artifact: Artifact) -> keras.Model:
    """The whole network of a version. Raises ModelUnavailable when a tensor is not what the card says."""
    described = describe(artifact)
    trained = load_tensors(artifact.folder / TRAINED)
    if tensors_sha256(trained) != described.trained_sha256:
        raise ModelUnavailable(f"{TRAINED} of model {artifact.version} is not the one its card describes.")
    network = build_network(build_backbone(described.weights, IMAGE_SIZE), described.head)
    assign_tensors(network, trained)
    if tensors_sha256(named_tensors(network)) != described.weights_sha256:
        raise ModelUnavailable(
            f"The weights {described.weights!r} here are not those that model {artifact.version} was trained on."
        )
    return network


def build_served_files(artifact: Artifact) -> None:
    """Write model.keras and the serving graph into the version's folder, after the golden answers were checked.

    Raises ModelUnavailable and leaves the folder as it was when anything does not match.
    """
    folder = Path(tempfile.mkdtemp(prefix=".build-", dir=artifact.folder))
    try:
        write_graphs(assemble_network(artifact), folder)
        check_golden(artifact, OpenVINOEngine(folder))
        write_built(artifact, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_graphs(network: keras.Model, folder: Path) -> None:
    network.save(folder / KERAS_MODEL)
    serving_model(network).export(str(folder / SERVING_GRAPH), format="openvino", verbose=False)


def golden_answers(artifact: Artifact, engine: Engine) -> list[float]:
    """Raw COVID probability of each golden image, in order."""
    images = golden_images(artifact.preprocessing)
    return [float(engine.run(image[None]).probabilities[0, COVID_INDEX]) for image in images]


def check_golden(artifact: Artifact, engine: Engine) -> None:
    """Raise ModelUnavailable unless the engine answers the golden images as it did when the version was made."""
    answers = np.array(golden_answers(artifact, engine))
    expected = golden_probabilities(artifact, len(answers))
    differences = np.abs(answers - expected)
    if not (differences <= GOLDEN_TOLERANCE).all():  # written so that what is not a number differs too
        raise ModelUnavailable(
            f"Model {artifact.version} does not give its golden answers on this machine: they differ by up to "
            f"{differences.max():.4f}. It was not installed."
        )


def golden_probabilities(artifact: Artifact, number: int) -> np.ndarray:
    """The answers kept with the version, (number,). Raises ModelUnavailable when they are not that many numbers."""
    try:
        expected = np.array(read_json(artifact.folder / GOLDEN)["probabilities"], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{GOLDEN} of model {artifact.version} is damaged: {error!r}.") from error
    if expected.shape != (number,):
        raise ModelUnavailable(f"{GOLDEN} of model {artifact.version} does not hold {number} answers.")
    return expected
