"""Figures of a version on a folder of radiographs that it has not seen, each with its 95 % interval."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from diagnosis.errors import DiagnosisError
from diagnosis.inference.classifier import Classifier
from diagnosis.inference.engines import ENGINES
from diagnosis.inference.serving import load_classifier
from training.data.classes import ClassChoice, mapping, truth_of
from training.data.dataset import Dataset, DatasetError, Refused, read_judged
from training.data.readings import read_readings
from training.evaluation.class_figures import class_figures
from training.evaluation.metrics import FIGURES, evaluate, mean_source_auc, source_aucs
from training.progress import Progress, counted

if TYPE_CHECKING:
    from training.evaluation.served import Served


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--data", type=Path, help="a folder with COVID/ and Non-COVID/ (default: no figures of answers)"
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            type=mapping,
            metavar="SOURCE=CLASS",
            help="of a version with classes of its own: as train_resnet152 takes it; repeatable (default: none)",
        )
        parser.add_argument(
            "--multi-label",
            metavar="COLUMN",
            default="",
            help="of a version whose classes come together: the manifest's column of them (default: none)",
        )
        parser.add_argument(
            "--boxes", type=Path, help="a folder of readings with boxes: is the map inside them? (default: not asked)"
        )
        parser.add_argument("--model", help="a version in models/ (default: the served one)")
        parser.add_argument(
            "--engine", choices=tuple(ENGINES), help="what computes the network (default: the setting INFERENCE_ENGINE)"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too (default: no)")

    def handle(self, *args: Any, data: Path | None, model: str | None, engine: str | None, **options: Any) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        if not (data or options["boxes"]):
            raise CommandError("Name a folder with --data, or one of readings with --boxes.")
        if options["json"] and not options["json"].parent.is_dir():
            raise CommandError(f"There is no folder {options['json'].parent} to write the figures into.")
        try:
            classifier = load_classifier(model, engine)
            choice = ClassChoice(classifier.artifact.classes.leading, tuple(options["map"]), options["multi_label"])
            figures = self.figures(classifier, data, choice) if data else {}
            if options["boxes"]:
                figures["boxes"] = self.boxes(classifier, options["boxes"])
        except (DatasetError, DiagnosisError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            options["json"].write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")

    def figures(self, classifier: Classifier, data: Path, choice: ClassChoice) -> dict[str, Any]:
        dataset = one_part(read_judged(data, classifier.artifact.classes, choice))
        with Progress() as progress:
            figures = figures_of(classifier, dataset, progress)
        images, leading = f"{figures['images']} images of {data.name}", choice.positive
        self.stdout.write(f"{images}, model {figures['model']}, {leading} is positive")
        print_tables(figures)
        return figures

    def boxes(self, classifier: Classifier, folder: Path) -> list[dict[str, Any]]:
        """Whether the highest point of each map lies in a box that a reader drew, and how much of the map does."""
        from training.evaluation.served import served_boxes  # importing Keras takes seconds; --help should not

        with Progress() as progress:
            readings = counted(read_readings(folder), progress.of("Classifying readings"))
            found = [one.as_dict() for one in served_boxes(classifier, readings)]
        table = Table("Reading", "Pictures", "Highest point in a box", "Map in boxes", "Chance")
        for one in found:
            shares = (f"{one[name]:.1%}" for name in ("peak_inside", "heat_inside", "chance"))
            table.add_row(one["reading"], str(one["pictures"]), *shares)
        Console().print(table)
        return found


def one_part(dataset: Dataset) -> Dataset:
    """Raises DatasetError for a whole data set: images of training say nothing about images that were not seen."""
    if (dataset.root / "Train").is_dir():
        raise DatasetError(f"{dataset.root} holds a Train folder; name the folder with COVID/ and Non-COVID/ itself.")
    return dataset


def figures_of(classifier: Classifier, dataset: Dataset, progress: Progress) -> dict[str, Any]:
    """Every figure of the folder, as JSON-able values; refused images count as wrong."""
    from training.evaluation.served import served_answers  # importing Keras takes seconds; --help should not

    served = served_answers(classifier, counted(dataset.samples, progress.of("Classifying")), dataset.classes)
    labels = [sample.label for sample in served.samples]
    sources = [sample.source or "" for sample in served.samples]
    refused, limited = served.refused(dataset.refused("train")), served.limited
    probabilities, rule = served.probabilities, classifier.artifact.decision.rule
    metrics = evaluate(labels, probabilities, rule, refused=refused, limited=limited)
    aucs = source_aucs(labels, probabilities, sources)
    return {
        "model": classifier.model_version,
        "engine": classifier.engine.name,
        **metrics.as_dict(),
        **of_classes(served, refused),
        "by_source": [asdict(auc) for auc in aucs],
        "mean_source_auc": mean_source_auc(aucs),
        "quality_limited": int(limited.sum()),
        "refusals": {refusal.name: refusal.reason for refusal in dataset.refusals} | served.refusals,
    }


def of_classes(served: "Served", refused: Refused) -> dict[str, Any]:
    """Each class against all others, where the folder has the version's own classes."""
    if served.classes.are_usual:
        return {}
    truth = truth_of(served.samples, served.classes)
    return {"classes": class_figures(truth, served.shares, served.classes, refused).as_dict()}


def print_classes(found: dict[str, Any]) -> None:
    console = Console()
    table = Table("Class", "Images", "ROC AUC", "95 % interval", "PR AUC", "Refused")
    for one in found["classes"]:
        area = shown(one["pr_auc"])[0]
        table.add_row(escape(one["name"]), str(one["images"]), *shown(one["roc_auc"]), area, str(one["refused"]))
    console.print(table)
    if found["confusion"]:
        names = [one["name"] for one in found["classes"]]
        table = Table("True class", *map(escape, names), title="Most probable class")
        for name, counts in zip(names, found["confusion"], strict=True):
            table.add_row(escape(name), *map(str, counts))
        console.print(table)


def print_tables(figures: dict[str, Any]) -> None:
    console = Console()
    table = Table("Figure", "Value", "95 % interval")
    for name in FIGURES:
        table.add_row(name, *shown(figures[name]))
    console.print(table)
    if "classes" in figures:
        print_classes(figures["classes"])
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
