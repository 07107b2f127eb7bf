"""Figures of a version on a folder of radiographs that it has not seen, each with its 95 % interval."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from diagnosis.errors import DiagnosisError
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.engines import ENGINES
from diagnosis.inference.serving import load_classifier
from training.data.dataset import Dataset, DatasetError, read_dataset, read_image
from training.evaluation.metrics import FIGURES, evaluate, mean_source_auc, source_aucs


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="a folder with COVID/ and Non-COVID/")
        parser.add_argument("--model", help="a version in models/ (default: the served one)")
        parser.add_argument("--engine", choices=tuple(ENGINES))
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

    def handle(self, *args: Any, data: Path, model: str | None, engine: str | None, **options: Any) -> None:
        if options["json"] and not options["json"].parent.is_dir():
            raise CommandError(f"There is no folder {options['json'].parent} to write the figures into.")
        try:
            classifier = load_classifier(model, engine)
            figures = figures_of(classifier, one_part(read_dataset(data, fewest_per_class=1)))
        except (DatasetError, DiagnosisError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{figures['images']} images of {data.name}, model {figures['model']}, COVID is positive")
        print_tables(figures)
        if options["json"]:
            options["json"].write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def one_part(dataset: Dataset) -> Dataset:
    """Raises DatasetError for a whole data set: images of training say nothing about images that were not seen."""
    if (dataset.root / "Train").is_dir():
        raise DatasetError(f"{dataset.root} holds a Train folder; name the folder with COVID/ and Non-COVID/ itself.")
    return dataset


def figures_of(classifier: Classifier, dataset: Dataset) -> dict[str, Any]:
    """Every figure of the folder, as JSON-able values; refused images count as wrong."""
    bars = Console(stderr=True)
    probabilities = np.array(
        [
            classifier.classify(read_image(sample.path)).probability
            for sample in track(dataset.samples, "Classifying", console=bars, disable=not sys.stderr.isatty())
        ]
    )
    labels = [sample.label for sample in dataset.samples]
    sources = [sample.source or "" for sample in dataset.samples]
    metrics = evaluate(labels, probabilities, classifier.artifact.decision.rule, refused=dataset.refused("train"))
    aucs = source_aucs(labels, probabilities, sources)
    return {
        "model": classifier.model_version,
        "engine": classifier.engine.name,
        **metrics.as_dict(),
        "by_source": [asdict(auc) for auc in aucs],
        "mean_source_auc": mean_source_auc(aucs),
        "refusals": {refusal.name: refusal.reason for refusal in dataset.refusals},
    }


def print_tables(figures: dict[str, Any]) -> None:
    console = Console()
    table = Table("Figure", "Value", "95 % interval")
    for name in FIGURES:
        table.add_row(name, *shown(figures[name]))
    console.print(table)
    if figures["by_source"]:
        table = Table("Source", "Comparison", "COVID", "Non-COVID", "ROC AUC", "95 % interval")
        for auc in figures["by_source"]:
            counts = (str(auc["covid"]), str(auc["non_covid"]))
            table.add_row(escape(auc["source"]), auc["comparison"], *counts, *shown(auc["roc_auc"]))
        console.print(table)


def shown(estimate: dict[str, float] | None) -> tuple[str, str]:
    if estimate is None:
        return "not defined", ""
    return f"{estimate['value']:.3f}", f"{estimate['low']:.3f} to {estimate['high']:.3f}"
