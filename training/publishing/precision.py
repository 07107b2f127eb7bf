"""Which precision this machine serves: int8 where it gives its golden answers and is the faster one, else float32."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import INT8_FILES, RANGES, Artifact, ranges_sha256
from diagnosis.inference.contract import Preprocessing
from diagnosis.inference.engines import INT8_GRAPH, SERVING_GRAPH, Engine, OpenVINOEngine
from diagnosis.inference.examination import open_examiner
from training.publishing.golden import check_golden

ROUNDS = 5


@dataclass(frozen=True)
class Choice:
    """precision: "float32" or "int8". why: a sentence for people."""

    precision: str
    why: str


def choose_precision(artifact: Artifact, folder: Path) -> Choice:
    """Write the int8 graph next to the float32 one in ``folder``, if it is fit here, and choose between them."""
    if not (artifact.folder / RANGES).is_file():
        return Choice("float32", "It is served in float32: this version has no int8 ranges.")
    try:
        check_ranges(artifact)
        write_int8(artifact, folder)
        int8 = OpenVINOEngine(folder, "int8")
        check_golden(artifact, open_examiner(artifact, int8, folder), "int8")
    except (ModelUnavailable, RuntimeError) as error:  # RuntimeError: OpenVINO, on a processor that it does not know
        for name in INT8_FILES:
            (folder / name).unlink(missing_ok=True)
        return Choice("float32", f"It is served in float32, and there is no int8 here: {error}")
    if not artifact.card["int8"].get("is_default"):
        return Choice(
            "float32", "It is served in float32: in int8 answers or ROC AUC differ too much (the card says how much)."
        )
    return _faster(OpenVINOEngine(folder), int8, artifact.preprocessing)


def check_ranges(artifact: Artifact) -> None:
    """Raises ModelUnavailable when the card's figures of int8 are of other ranges, or there are none."""
    section = artifact.card.get("int8")
    if not isinstance(section, dict) or section.get("ranges_sha256") != ranges_sha256(artifact):
        raise ModelUnavailable(f"{RANGES} of model {artifact.version} is not the one its card describes.")


def write_int8(artifact: Artifact, folder: Path) -> None:
    """Raises ModelUnavailable when the ranges are damaged, or not those of the card or of the network."""
    import openvino

    from training.publishing.int8 import load_ranges, quantised

    graph = quantised(folder / SERVING_GRAPH, load_ranges(artifact.folder / RANGES))
    openvino.save_model(graph, folder / INT8_GRAPH, compress_to_fp16=False)


def _faster(float32: Engine, int8: Engine, preprocessing: Preprocessing) -> Choice:
    """Without instructions for int8 (VNNI, AMX) it can be the slower one."""
    float32_seconds, int8_seconds = best_seconds((float32, int8), preprocessing)
    times = f"{float32_seconds * 1000:.0f} ms an image in float32, {int8_seconds * 1000:.0f} ms in int8"
    if int8_seconds < float32_seconds:
        return Choice("int8", f"It is served in int8, which is the faster one on this machine: {times}.")
    return Choice("float32", f"It is served in float32, which is not the slower one on this machine: {times}.")


def best_seconds(engines: tuple[Engine, ...], preprocessing: Preprocessing) -> list[float]:
    """The shortest time of one image on each, in turns: what else the machine does then slows all of them down."""
    views = [2] if preprocessing.reads_lungs else []
    image = np.full((1, *views, preprocessing.size, preprocessing.size, 3), 128, np.float32)
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(ROUNDS):
        for engine, own in zip(engines, times, strict=True):
            started = time.perf_counter()
            engine.run(image)
            own.append(time.perf_counter() - started)
    return [min(own) for own in times]
