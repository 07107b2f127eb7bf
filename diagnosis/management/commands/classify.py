"""Classify files and folders from the command line; the database is not touched."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from diagnosis.errors import ModelUnavailable, RadiographRejected
from diagnosis.findings import Classes
from diagnosis.imaging.archives import is_zip, members
from diagnosis.imaging.decoding import read_untrusted
from diagnosis.imaging.limits import MAX_FILE_BYTES
from diagnosis.inference.classifier import Classification, Classifier
from diagnosis.inference.engines import ENGINES
from diagnosis.inference.serving import load_classifier

SHOWN_OF_PATH = 42
"""Characters, so that all columns fit into 80."""
WIDEST = 120
MAP_SIDE = 1024
"""Longest side of a map that is written, in pixels."""


@dataclass(frozen=True)
class Line:
    """One file's answer. ``prediction`` is None only when the file was rejected, and ``rejected`` then says why.

    quality, opacities, findings: None for a model that does not look at them.
    """

    file: str
    prediction: str | None
    probability: float | None
    confidence: float | None
    operating_point: float
    model: str
    engine: str
    rejected: str | None
    milliseconds: float
    quality: str | None = None
    opacities: str | None = None
    opacity_probability: float | None = None
    findings: dict[str, float] | None = None
    """Probability of each further finding by its name, of a version that looks for some."""
    heat_map: str | None = None
    """The file of its map, where --heat-maps asks for one."""


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders with all they hold")
        parser.add_argument(
            "--format", choices=("table", "jsonl"), default="table", help="jsonl: a line each (default: %(default)s)"
        )
        parser.add_argument(
            "--engine", choices=tuple(ENGINES), help="what computes the network (default: the setting INFERENCE_ENGINE)"
        )
        parser.add_argument("--model", help="a version in models/ (default: the served one)")
        parser.add_argument(
            "--heat-maps",
            type=Path,
            metavar="DIR",
            help="write each map there, an 8-bit PNG over all of the radiograph: opacities, or evidence for COVID "
            "where the model does not look for opacities (default: none)",
        )

    def handle(self, *args: Any, paths: list[Path], engine: str | None, model: str | None, **options: Any) -> None:
        files = list(files_in(paths))
        if not files:
            raise CommandError("There is no file to classify in what you named.")
        try:
            classifier = load_classifier(model, engine)
            rejected, of_all = self.classify(classifier, files, options["format"], options["heat_maps"])
        except ModelUnavailable as error:
            raise CommandError(str(error)) from error
        if rejected:
            self.stderr.write(f"{rejected} of {of_all} files were rejected.")
            sys.exit(1)

    def classify(
        self, classifier: Classifier, files: list[Path], form: str, heat_maps: Path | None = None
    ) -> tuple[int, int]:
        """Write each file's answer; returns how many were rejected, of how many."""
        write = self.write_json if form == "jsonl" else TableWriter(classifier.artifact.classes)
        rejected = written = 0
        for path in track(files, "Classifying", console=Console(stderr=True), disable=not sys.stderr.isatty()):
            for line in classify_path(classifier, path, heat_maps):
                rejected += line.rejected is not None
                written += 1
                write(line)
        if isinstance(write, TableWriter):
            write.close()
        return rejected, written

    def write_json(self, line: Line) -> None:
        self.stdout.write(json.dumps(asdict(line)))  # in ASCII: a file's name need not be text in any encoding


class TableWriter:
    """Collects lines and prints them as one table."""

    def __init__(self, classes: Classes) -> None:
        leading = escape(classes.leading)
        self.table = Table("File", "Answer", leading, "ms", caption=f"{leading}: probability, calibrated")
        self.table.columns[0].overflow = "fold"
        self.table.columns[1].ratio = 1  # what the others leave
        for column, width in zip(self.table.columns[2:], (len("100.0%"), len("12345")), strict=True):
            column.width = width
        self.names = () if classes.are_usual else classes.others

    def __call__(self, line: Line) -> None:
        found = line.findings or {}
        others = [f"{name} {percent(found[name])}" for name in self.names if name in found]
        answer = "\n".join([line.prediction or f"Rejected: {line.rejected}", *others])
        name = end_of(os.fsencode(line.file).decode(errors="replace"))
        self.table.columns[0].width = max(self.table.columns[0].width or 0, len(name))
        cells = (name, answer, percent(line.probability), f"{line.milliseconds:.0f}")
        self.table.add_row(*map(escape, cells))

    def close(self) -> None:
        console = Console()
        self.table.width = min(console.width, WIDEST)
        console.print(self.table)


def end_of(path: str) -> str:
    """The end of a path, with the file's name: all that fits into a terminal of 80 columns."""
    return path if len(path) <= SHOWN_OF_PATH else f"…{path[1 - SHOWN_OF_PATH :]}"


def percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def files_in(paths: list[Path]) -> Iterator[Path]:
    """The files named, and every file below the folders named, in order; hidden files are passed over."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and not is_hidden(file, path))
        else:
            yield path


def is_hidden(file: Path, folder: Path) -> bool:
    """Whether it, or a folder on the way to it, has a name that begins with a dot."""
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def answer_of(result: Classification) -> dict[str, Any]:
    seen = result.opacities
    return {
        "prediction": str(result.prediction),
        "probability": result.probability,
        "confidence": result.confidence,
        "quality": str(result.quality.verdict) if result.quality else None,
        "opacities": str(seen.answer) if seen else None,
        "opacity_probability": seen.probability if seen else None,
        "findings": {one.name: one.probability for one in result.findings} or None,
    }


def write_map(result: Classification, shape: tuple[int, ...], folder: Path, path: Path) -> Path:
    """A grey PNG in the proportions of the radiograph; files of the same name in other folders get a number."""
    folder.mkdir(parents=True, exist_ok=True)
    values = result.opacities.map if result.opacities else result.heat_map
    scale = min(1.0, MAP_SIDE / max(shape))
    size = max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))
    names = chain([path.stem], (f"{path.stem}-{number}" for number in count(2)))
    to = next(file for name in names if not (file := folder / f"{name}.png").exists())
    levels = Image.fromarray(np.rint(values * 255).astype(np.uint8))
    levels.resize(size, Image.Resampling.BILINEAR).save(to)
    return to


def classify_path(classifier: Classifier, path: Path, heat_maps: Path | None = None) -> Iterator[Line]:
    """A file's answer, or, of a ZIP, the answer of each file in it, one after another."""
    try:
        with path.open("rb") as file:
            if not is_zip(file.read(4)):
                file.seek(0)
                # One byte too many is enough to be refused.
                yield classify_file(classifier, str(path), lambda: file.read(MAX_FILE_BYTES + 1), heat_maps)
                return
            for member in members(file):
                yield classify_file(classifier, f"{path}/{member.name}", member.read, heat_maps)
    except (RadiographRejected, OSError) as error:
        yield classify_file(classifier, str(path), partial(_raise, error))


def _raise(error: Exception) -> bytes:
    raise error


def classify_file(classifier: Classifier, name: str, read: Callable[[], bytes], heat_maps: Path | None = None) -> Line:
    """One file's answer; a file that cannot be assessed or read is an answer too."""
    started = time.perf_counter()
    answer: dict[str, Any] = {"prediction": None, "probability": None, "confidence": None, "rejected": None}
    try:
        radiograph = read_untrusted(read())
        result = classifier.classify(radiograph)
        answer |= answer_of(result)
        if heat_maps:
            answer["heat_map"] = str(write_map(result, radiograph.pixels.shape, heat_maps, Path(name)))
    except RadiographRejected as error:
        answer["rejected"] = str(error)
    except OSError as error:
        answer["rejected"] = f"The file cannot be read: {error.strerror}."
    return Line(
        file=name,
        operating_point=classifier.artifact.decision.rule.operating_point,
        model=classifier.model_version,
        engine=classifier.engine.name,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
        **answer,
    )
