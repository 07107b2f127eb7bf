"""The int8 precision of an existing version: its ranges, its golden answers, and its cost against float32."""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnosis.findings import COVID_INDEX, Prediction
from diagnosis.inference.artifacts import CARD, GOLDEN, RANGES, Artifact, file_sha256, read_json, write_json
from diagnosis.inference.engines import SERVING_GRAPH, EngineOutput, OpenVINOEngine
from diagnosis.inference.examination import open_examiner
from training.data.classes import label_in
from training.data.dataset import DatasetError, read_image
from training.evaluation.metrics import evaluate
from training.progress import counted
from training.publishing.card import write_card
from training.publishing.golden import golden_answers
from training.publishing.int8 import learn_ranges, save_ranges
from training.publishing.precision import write_int8

LARGEST_AUC_FALL = 0.003
FEWEST_EQUAL = 0.99
"""Share of answers (Positive, Negative, Indeterminate) as in float32. On the Test folder both decide on the default."""
BATCH = 4


Bar = Callable[[int, int], None]


def unseen(done: int, total: int) -> None:
    """No bar."""


class Unused:
    """An engine for an examiner that is only asked for inputs."""

    name = "none"

    def run(self, images: np.ndarray) -> EngineOutput:
        raise NotImplementedError


@dataclass(frozen=True)
class Part:
    """Radiographs with their classes: labels (n,) as indices in the version's; of several together 0 with the leading
    one and 1 without.
    """

    paths: tuple[Path, ...]
    labels: NDArray[np.int64]


def part_of_version(artifact: Artifact, part: str, roots: Sequence[Path]) -> Part:
    """The images of a part of split.csv, looked for below each root. Raises DatasetError when one is missing."""
    with (artifact.folder / "split.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    paths = [next((root / row["file"] for root in roots if (root / row["file"]).is_file()), None) for row in rows]
    if not rows or None in paths:
        raise DatasetError(f"Not all images of the part {part!r} of {artifact.version} are in the folders you named.")
    return Part(
        tuple(path for path in paths if path), np.array([label_in(row["label"], artifact.classes) for row in rows])
    )


def images_of(artifact: Artifact, paths: Iterable[Path]) -> Iterator[np.ndarray]:
    """Inputs of the network, float32: (1, size, size, 3) each, or (1, 2, size, size, 3) with the lungs."""
    examiner = open_examiner(artifact, Unused())
    for path in paths:
        yield examiner.network_input(read_image(path).pixels)[None]


def outputs_of(artifact: Artifact, engine: OpenVINOEngine, paths: Sequence[Path], bar: Bar = unseen) -> EngineOutput:
    outputs = [engine.run(image) for image in images_of(artifact, counted(paths, bar))]
    return EngineOutput(
        np.concatenate([output.probabilities for output in outputs]),
        np.concatenate([output.evidence for output in outputs]),
    )


def add_ranges(artifact: Artifact, paths: Sequence[Path], bar: Bar = unseen) -> None:
    """Learn ranges on training images and write int8.npz."""
    starts = counted(range(0, len(paths), BATCH), bar)
    batches = (np.concatenate(list(images_of(artifact, paths[start : start + BATCH]))) for start in starts)
    save_ranges(artifact.folder / RANGES, learn_ranges(artifact.folder / SERVING_GRAPH, batches))


@contextmanager
def int8_engine(artifact: Artifact) -> Iterator[OpenVINOEngine]:
    """The version's int8 graph, in a folder that vanishes."""
    folder = Path(tempfile.mkdtemp(prefix="covidxray-int8-"))
    try:
        for name in (SERVING_GRAPH, "serving.bin"):
            (folder / name).symlink_to(artifact.folder.resolve() / name)
        write_int8(artifact, folder)
        yield OpenVINOEngine(folder, "int8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compared(
    artifact: Artifact, labels: NDArray[np.int64], float32: EngineOutput, int8: EngineOutput
) -> dict[str, Any]:
    """Figures of both precisions on the same images, and how far their answers and maps agree."""
    answers = [answers_of(artifact, output) for output in (float32, int8)]
    return {
        "images": len(labels),
        **agreement(*answers),
        **class_agreement(artifact, float32, int8),
        "float32": figures_of(artifact, labels, float32),
        "int8": figures_of(artifact, labels, int8),
        "closely": closely_compared(artifact, float32, int8),
    }


def answers_of(artifact: Artifact, output: EngineOutput) -> list[Prediction]:
    return [artifact.decision.rule.predict(float(value)) for value in calibrated(artifact, output)]


def agreement(one: Sequence[Prediction], other: Sequence[Prediction]) -> dict[str, Any]:
    """Share of equal answers, and how many images are Positive in one precision and Negative in the other."""
    crossed = {Prediction.POSITIVE, Prediction.NEGATIVE}
    return {
        "equal_answers": float(np.mean([a is b for a, b in zip(one, other, strict=True)])),
        "crossed": sum({a, b} == crossed for a, b in zip(one, other, strict=True)),
    }


def class_agreement(artifact: Artifact, float32: EngineOutput, int8: EngineOutput) -> dict[str, Any]:
    """Of a version with classes of its own: how often the most probable one is the same, and the largest change."""
    others = artifact.decision.others
    if others is None:
        return {}
    one, other = (others.apply(output.probabilities, calibrated(artifact, output)) for output in (float32, int8))
    return {
        "equal_classes": float(np.mean(one.argmax(axis=1) == other.argmax(axis=1))),
        "largest_class_change": float(np.abs(one - other).max()),
    }


def figures_of(artifact: Artifact, labels: NDArray[np.int64], output: EngineOutput) -> dict[str, Any]:
    figures = evaluate(labels, calibrated(artifact, output), artifact.decision.rule).as_dict()
    return {name: figures[name] for name in ("roc_auc", "sensitivity", "specificity")}


def closely_compared(artifact: Artifact, float32: EngineOutput, int8: EngineOutput) -> dict[str, Any]:
    """How far the calibrated probabilities lie apart, and how alike the maps are."""
    changes = np.abs(calibrated(artifact, int8) - calibrated(artifact, float32))
    maps = map_correlations(float32.evidence, int8.evidence)
    return {
        "images": len(changes),
        "mean_change": float(changes.mean()),
        "largest_change": float(changes.max()),
        "map_median": float(np.median(maps)) if len(maps) else None,
        "map_low": float(np.percentile(maps, 5)) if len(maps) else None,
    }


def calibrated(artifact: Artifact, output: EngineOutput) -> NDArray[np.float64]:
    return artifact.decision.calibration.apply(output.probabilities[:, COVID_INDEX])


def map_correlations(one: np.ndarray, other: np.ndarray) -> NDArray[np.float64]:
    """Pearson's, of the two maps of each image that has any evidence in both."""
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(one, other, strict=True) if a.std() > 0 and b.std() > 0]
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in pairs])


def write_int8_card(
    artifact: Artifact, learned_on: int, parts: dict[str, dict[str, Any]], judged_in: str = "float32"
) -> bool:
    """Put the int8 section into the card, the golden answers into golden.json. Returns whether int8 is the default.

    judged_in: the precision of all other figures of the card, "float32" or "int8".
    """
    test = parts["test"]
    fall = test["float32"]["roc_auc"]["value"] - test["int8"]["roc_auc"]["value"]
    is_default = fall <= LARGEST_AUC_FALL and test["equal_answers"] >= FEWEST_EQUAL
    section = {
        "ranges_sha256": file_sha256(artifact.folder / RANGES),
        "learned_on": learned_on,
        "is_default": is_default,
        "judged_in": judged_in,
        "parts": parts,
    }
    with int8_engine(artifact) as engine:
        golden = read_json(artifact.folder / GOLDEN) | {"int8": golden_answers(open_examiner(artifact, engine))}
    card = artifact.card | {"int8": section}
    write_json(artifact.folder / CARD, card)
    write_json(artifact.folder / GOLDEN, golden)
    write_card(artifact.folder, card)
    return is_default
