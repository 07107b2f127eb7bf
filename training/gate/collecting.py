"""What the gate learns from, out of folders: radiographs of each source, pictures without a chest, and their inputs."""

import csv
import random
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from diagnosis.inference.examination import FindsLungs
from diagnosis.inference.gate.learned import GateInputs, PooledFeatures, gate_inputs
from training.data.dataset import DatasetError
from training.gate.examples import Base, Example, drawn_examples, examples_of, picture_examples, pixels_of
from training.gate.fitting import GateRecipe
from training.gate.judging import GateData
from training.gate.limits import Allowances

Features = Callable[[np.ndarray], PooledFeatures]
"""(height, width) uint8 pixels of a whole picture -> the network's averages."""
Report = Callable[[int, int, str], None]
COMPANIONS = 12
"""Other radiographs, some of which are shown on one picture with a radiograph."""
FEWEST_SOURCES = 2
"""One is left out in turn, and the others must still hold radiographs."""
AT_ONCE = 2
"""Examples whose pictures are made and read at the same time."""
PART = 250
"""Examples whose inputs are kept together: an interrupted run goes on with the next part."""


@dataclass(frozen=True)
class GatePlan:
    """What a fitting reads.

    data: folders with a manifest.csv (columns file and source or origin). unusable: folders of pictures without a
    chest. children: sources of children. measured: sources that are judged, and never learned from. each, plain:
    radiographs of a source that are spoiled in every way, and further ones as they are. drawn: pictures of each kind.
    """

    data: tuple[Path, ...]
    unusable: tuple[Path, ...] = ()
    children: frozenset[str] = frozenset()
    measured: frozenset[str] = frozenset()
    each: int = 16
    plain: int = 200
    drawn: int = 40
    recipe: GateRecipe = field(default_factory=GateRecipe)
    allowances: Allowances = field(default_factory=Allowances)


def examples_of_plan(plan: GatePlan, lungs: FindsLungs) -> Iterator[Example]:
    """Every example, radiographs first. Raises DatasetError for too few sources or a missing manifest."""
    spoiled, plain = chosen_bases(plan, lungs)
    for base in spoiled:
        others = [other for other in spoiled if other.path != base.path]
        yield from examples_of(base, random.Random(base.path.stem).sample(others, min(COMPANIONS, len(others))))
    for base in plain:
        yield next(examples_of(base, ()))
    yield from drawn_examples(plan.drawn)
    for folder in plan.unusable:
        yield from picture_examples(folder)


def chosen_bases(plan: GatePlan, lungs: FindsLungs) -> tuple[list[Base], list[Base]]:
    """Radiographs to be spoiled, and radiographs to be shown as they are: the same numbers of each source."""
    spoiled: list[Base] = []
    plain: list[Base] = []
    for source, paths in sorted(paths_by_source(plan.data).items()):
        random.Random(plan.recipe.seed).shuffle(paths)
        chosen = paths[: plan.each + plan.plain]
        boxes = [lungs.find(pixels_of(path)).box for path in chosen]
        bases = [Base(path, source, box, source in plan.children) for path, box in zip(chosen, boxes, strict=True)]
        spoiled += bases[: plan.each]
        plain += bases[plan.each :]
    learned = {base.source for base in spoiled if not base.is_child} - plan.measured
    if len(learned) < FEWEST_SOURCES:
        raise DatasetError(
            f"The gate needs radiographs of adults from two sources or more, and here is {len(learned)}."
        )
    return spoiled, plain


def paths_by_source(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """The radiographs of each source, in the order of their names; nothing of Test, nor a copy of another folder's.

    Raises DatasetError for a folder without a manifest.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        if not (folder / "manifest.csv").is_file():
            raise DatasetError(f"{folder} has no manifest.csv that says which source each radiograph comes from.")
        with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row.get("split") != "Test" and row.get("copy_in_cxr") != "yes":
                    found[row.get("origin") or row.get("source") or folder.name].append(folder / row["file"])
    return {source: sorted(paths) for source, paths in found.items()}


def read_inputs(
    examples: Sequence[Example], lungs: FindsLungs, features: Features, kept: Path, report: Report
) -> GateData:
    """Make each example's picture and take its inputs. Finished parts are kept in ``kept``, a folder."""
    kept.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(examples), PART):
        part = examples[start : start + PART]
        file = kept / _name_of(start, part)
        if not file.is_file():
            with ThreadPoolExecutor(AT_ONCE) as pool:
                _keep(file, list(pool.map(lambda example: inputs_of(example, lungs, features), part)))
        with np.load(file) as stored:
            parts.append((stored["values"], stored["sides"]))
        report(start + len(part), len(examples), "")
    values, sides = zip(*parts, strict=True)
    return GateData(np.concatenate(values), np.concatenate(sides), examples)


def _name_of(start: int, part: Sequence[Example]) -> str:
    """Says of which examples, so that what was kept for another plan is not taken for this one's."""
    names = zlib.crc32("\n".join(example.name for example in part).encode())
    return f"{start:06d}-{names:08x}.npz"


def inputs_of(example: Example, lungs: FindsLungs, features: Features) -> GateInputs:
    """As serving takes them."""
    pixels = example.make()
    return gate_inputs(pixels, lungs.find(pixels), features(pixels))


def _keep(file: Path, inputs: list[GateInputs]) -> None:
    beside = file.with_suffix(".tmp.npz")
    np.savez(beside, values=np.stack([one.values for one in inputs]), sides=np.stack([one.sides for one in inputs]))
    beside.rename(file)
