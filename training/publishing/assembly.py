"""From what is committed of a version to what is served: assemble the network, check it, write its graphs.

Committed is only what training changed; the frozen part comes from the package with the pretrained weights. Tensor
hashes and the golden answers make sure that the result is the network that was evaluated.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import TRAINED, Artifact, write_built
from diagnosis.inference.contract import IMAGE_SIZE
from diagnosis.inference.engines import KERAS_MODEL, SERVING_GRAPH, OpenVINOEngine
from diagnosis.inference.grad_cam import serving_model
from training.network.architecture import HeadConfig, build_network
from training.network.backbone import build_backbone
from training.network.tensors import assign_tensors, load_tensors, named_tensors, tensors_sha256
from training.publishing.golden import check_golden
from training.publishing.precision import Choice, choose_precision


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


def build_served_files(artifact: Artifact) -> Choice:
    """Write model.keras and the serving graphs into the version's folder, after the golden answers were checked.

    Returns which precision this machine serves. Raises ModelUnavailable and leaves the folder as it was when anything
    of the float32 network does not match.
    """
    folder = Path(tempfile.mkdtemp(prefix=".build-", dir=artifact.folder))
    try:
        write_graphs(assemble_network(artifact), folder)
        check_golden(artifact, OpenVINOEngine(folder))
        choice = choose_precision(artifact, folder)
        write_built(artifact, folder, choice.precision, choice.why)
        return choice
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_graphs(network: keras.Model, folder: Path) -> None:
    network.save(folder / KERAS_MODEL)
    serving_model(network).export(str(folder / SERVING_GRAPH), format="openvino", verbose=False)
