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
from diagnosis.inference.artifacts import TRAINED, Artifact, check_parts, read_json, write_built
from diagnosis.inference.engines import KERAS_MODEL, SERVING_GRAPH, OpenVINOEngine
from diagnosis.inference.examination import open_examiner
from diagnosis.inference.two_view_graph import serving_graph_of
from training.lungs.keeping import CARD as LUNGS_CARD
from training.lungs.keeping import check_lungs, load_lungs, write_lung_graph
from training.network.architecture import HeadConfig, build_network
from training.network.backbone import build_backbone
from training.network.resnets import UNIT, Scaling, named
from training.network.tensors import assign_tensors, load_tensors, named_tensors, tensors_sha256
from training.network.two_views import build_two_view_network
from training.publishing.golden import check_golden
from training.publishing.precision import Choice, choose_precision


@dataclass(frozen=True)
class NetworkDescription:
    """The part of a card that says how to make the network."""

    resnet: str
    weights: str
    scaling: Scaling
    head: HeadConfig
    weights_sha256: str
    trained_sha256: str


def describe(artifact: Artifact) -> NetworkDescription:
    """Raises ModelUnavailable when the card does not say how to make the network."""
    network = artifact.card["network"]
    try:
        return NetworkDescription(
            resnet=named(network["architecture"]),
            weights=network["backbone"],
            scaling=Scaling.from_dict(network["scaling"]) if "scaling" in network else UNIT,
            head=HeadConfig.from_dict(network["head"]),
            weights_sha256=artifact.weights_sha256,
            trained_sha256=network["trained_sha256"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"The card of model {artifact.version} is damaged: {error!r}.") from error


def assemble_network(artifact: Artifact) -> keras.Model:
    """The whole network of a version. Raises ModelUnavailable when a tensor is not what the card says."""
    described = describe(artifact)
    trained = load_tensors(artifact.folder / TRAINED)
    if tensors_sha256(trained) != described.trained_sha256:
        raise ModelUnavailable(f"{TRAINED} of model {artifact.version} is not the one its card describes.")
    backbone = build_backbone(described.weights, artifact.preprocessing.size, described.resnet)
    if artifact.preprocessing.reads_lungs:
        network = build_two_view_network(backbone, described.head)
    else:
        network = build_network(backbone, described.head, scaling=described.scaling)
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
        if artifact.preprocessing.reads_lungs:
            check_parts(artifact)
            write_lung_graph(load_lungs(artifact.folder), folder)
            check_lungs(folder, read_json(artifact.folder / LUNGS_CARD))
        check_golden(artifact, open_examiner(artifact, OpenVINOEngine(folder), folder))
        choice = choose_precision(artifact, folder)
        write_built(artifact, folder, choice.precision, choice.why)
        return choice
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_graphs(network: keras.Model, folder: Path) -> None:
    network.save(folder / KERAS_MODEL)
    serving_graph_of(network).export(str(folder / SERVING_GRAPH), format="openvino", verbose=False)
