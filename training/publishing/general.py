"""A version of the preset `general`: two views, lungs, gate and opacities, judged on left-out sources and written."""

import csv
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np

from diagnosis.findings import CLASS_NAMES
from diagnosis.inference.appearances import AppearanceHead
from diagnosis.inference.artifacts import (
    APPEARANCES,
    CARD,
    GOLDEN,
    PARTS,
    RANGES,
    TRAINED,
    WITH_APPEARANCES,
    WITH_LUNGS,
    Artifact,
    file_sha256,
    new_version,
    read_json,
    write_built,
    write_json,
)
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.contract import IMAGE_SIZE, TWO_VIEWS, Preprocessing
from diagnosis.inference.decision import Decision, OpacityRule
from diagnosis.inference.engines import OpenVINOEngine
from diagnosis.inference.examination import Examiner, open_examiner
from training.data.dataset import Sample
from training.evaluation.unseen_decision import UnseenDecision
from training.lungs.keeping import load_lungs, write_lung_graph
from training.network.architecture import HeadConfig
from training.network.tensors import named_tensors, save_tensors, tensors_sha256
from training.publishing.assembly import write_graphs
from training.publishing.card import write_card
from training.publishing.golden import golden_answers
from training.publishing.precision import choose_precision
from training.publishing.publish import installed_versions
from training.publishing.quantise import compared, int8_engine, outputs_of, write_int8_card

PREPROCESSING = Preprocessing(version=TWO_VIEWS, equalise=True)
HEAD_TENSORS = ("head_", "opacity/")
EVIDENCE_PICTURES = 40
Json = dict[str, Any]


@dataclass(frozen=True)
class GeneralVersion:
    """What a run has made, ready to be written.

    trained: names of tensors that training changed begin so. parts: the folder of lungs.npz, gate.npz and their JSON.
    covid: pixels of COVID pictures that set the scale of the heat map. sections: of the card (unseen_sections.py).
    summary: of left-out sources, shares 0..1.
    """

    name: str
    output: Path
    network: keras.Model = field(repr=False)
    backbone: str
    head: HeadConfig
    parts: Path
    decision: UnseenDecision
    opacities: OpacityRule
    covid: Sequence[np.ndarray] = field(repr=False)
    sections: Sequence[dict[str, Any]] = field(repr=False)
    summary: dict[str, float]
    recipe: dict[str, Any]
    training: dict[str, Any]
    notes: Sequence[str] = ()
    judge: Callable[[Classifier], Json] = lambda classifier: {}
    """What else the card says, measured on the version as it is served; "sections" are added to those above."""
    ranges: Path | None = None
    """int8.npz of the frozen backbone: the version is judged in int8, and has an int8 graph."""
    compared: Sequence[Sample] = field(default=(), repr=False)
    """Pictures of Test on which int8 and float32 are compared."""
    pictures: Sequence[tuple[str, ...]] = field(default=(), repr=False)
    """Lines of split.csv."""
    trained: tuple[str, ...] = HEAD_TENSORS
    appearances: AppearanceHead | None = None
    """With it the version is of format 4."""


def publish_general(version: GeneralVersion) -> Path:
    """Write the version's folder; it appears under its name when all of it is there."""
    with new_version(version.output, version.name) as folder:
        for name in PARTS:
            shutil.copyfile(version.parts / name, folder / name)
        if version.appearances:
            np.savez_compressed(folder / APPEARANCES, **version.appearances.arrays())
        if version.ranges:
            shutil.copyfile(version.ranges, folder / RANGES)
        trained = trained_tensors(version)
        save_tensors(folder / TRAINED, trained)
        write_graphs(version.network, folder)
        write_lung_graph(load_lungs(folder), folder)
        artifact = described(version, folder, trained, 1.0)
        examiner = open_examiner(artifact, OpenVINOEngine(folder))
        artifact = described(version, folder, trained, evidence_scale(examiner, version.covid))
        with served_engine(artifact) as engine:
            found = version.judge(Classifier(artifact, engine, open_examiner(artifact, engine)))
        sections = [*version.sections, *found.pop("sections", [])]
        artifact = replace(artifact, card=artifact.card | found | {"sections": sections})
        write_json(folder / CARD, artifact.card)
        write_pictures(folder / "split.csv", version.pictures)
        write_json(folder / GOLDEN, {"probabilities": golden_answers(examiner)})
        write_card(folder, artifact.card)
        if version.ranges:
            artifact = with_int8(artifact, version)
        choice = choose_precision(artifact, folder)
        write_built(artifact, folder, choice.precision, choice.why)
    return version.output / version.name


@contextmanager
def served_engine(artifact: Artifact) -> Iterator[OpenVINOEngine]:
    """In int8 where the version has ranges for it, as it will be served."""
    if (artifact.folder / RANGES).is_file():
        with int8_engine(artifact) as engine:
            yield engine
    else:
        yield OpenVINOEngine(artifact.folder)


def with_int8(artifact: Artifact, version: GeneralVersion) -> Artifact:
    """The card says how far the answers of int8 are those of float32, and golden.json has its answers."""
    paths = [sample.path for sample in version.compared]
    labels = np.array([sample.label for sample in version.compared])
    with int8_engine(artifact) as int8:
        one, other = (outputs_of(artifact, engine, paths) for engine in (OpenVINOEngine(artifact.folder), int8))
    parts = {"test": compared(artifact, labels, one, other)}
    write_int8_card(artifact, learned_on(version.parts), parts, judged_in="int8")
    return replace(artifact, card=read_json(artifact.folder / CARD))


def learned_on(parts: Path) -> int:
    """How many pictures the ranges were learned on, as the card beside them says."""
    card = read_json(parts / CARD) if (parts / CARD).is_file() else {}
    return int(card.get("int8", {}).get("learned_on", 0))


def write_pictures(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    """split.csv, as other presets write it: file, part, label, source, group, content_key."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["file", "part", "label", "source", "group", "content_key"])
        lines.writerows(rows)


def trained_tensors(version: GeneralVersion) -> dict[str, np.ndarray]:
    tensors = named_tensors(version.network)
    return {name: value for name, value in tensors.items() if name.startswith(version.trained)}


def described(version: GeneralVersion, folder: Path, trained: dict[str, np.ndarray], scale: float) -> Artifact:
    decision = Decision(version.decision.calibration, version.decision.rule, scale, version.opacities)
    parts = (*PARTS, APPEARANCES) if version.appearances else PARTS
    card = {
        "version": version.name,
        "notes": list(version.notes),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "contract": {
            "format": WITH_APPEARANCES if version.appearances else WITH_LUNGS,
            "class_names": list(CLASS_NAMES),
            "image_size": IMAGE_SIZE,
            "preprocessing": PREPROCESSING.as_dict(),
        },
        "network": {
            "architecture": "ResNet-152",
            "backbone": version.backbone,
            "head": version.head.as_dict(),
            "weights_sha256": tensors_sha256(named_tensors(version.network)),
            "trained_sha256": tensors_sha256(trained),
        },
        "parts": {name: file_sha256(folder / name) for name in parts},
        "decision": decision.as_dict(),
        "left_out": {"summary": version.summary},
        "sections": list(version.sections),
        "recipe": version.recipe,
        "training": version.training | {"packages": installed_versions()},
        "figures": {"how": "", "parts": {}},
    }
    return Artifact(version.name, folder, card, PREPROCESSING, decision)


def evidence_scale(examiner: Examiner, covid: Sequence[np.ndarray]) -> float:
    """Median, over COVID pictures, of the strongest evidence in each, in logits."""
    peaks = [float(examiner.examine(pixels).evidence.max()) for pixels in covid[:EVIDENCE_PICTURES]]
    return max(float(np.median(peaks)), 1e-6) if peaks else 1.0
