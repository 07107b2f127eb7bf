"""Fit the learned gate of a version: examples from radiographs and other pictures, figures on left-out sources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.errors import DiagnosisError
from diagnosis.inference.artifacts import RANGES, Artifact, read_artifact
from training.greeting import keras_import


class Command(BaseCommand):
    help = __doc__ + " Takes about half an hour on two processors, and can be interrupted."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", help="a version in models/ (default: the served one)")
        parser.add_argument(
            "--data", type=Path, action="append", required=True, help="radiographs with a manifest.csv; repeatable"
        )
        parser.add_argument(
            "--unusable",
            type=Path,
            action="append",
            default=[],
            help="pictures that are no chest; repeatable (default: none)",
        )
        parser.add_argument(
            "--children",
            action="append",
            default=[],
            help="a source whose radiographs are of children; repeatable (default: none)",
        )
        parser.add_argument(
            "--measured", action="append", default=[], help="a source that is only judged; repeatable (default: none)"
        )
        parser.add_argument(
            "--lungs",
            type=Path,
            default=settings.MODELS_DIR / "lung-fields",
            help="folder of the lung network (default: %(default)s)",
        )
        parser.add_argument("--output", type=Path, help="where gate.npz and gate.json go (default: models/gate)")

    def handle(self, *args: Any, model: str | None, data: list[Path], **options: Any) -> None:
        keras_import()
        from diagnosis.inference.lung_network import LungNetwork
        from training.data.dataset import DatasetError  # importing Keras takes seconds; --help should not
        from training.gate.collecting import GatePlan
        from training.gate.features import FeatureReader
        from training.gate.runner import train_gate
        from training.progress import Progress
        from training.publishing.assembly import assemble_network

        children, measured = frozenset(options["children"]), frozenset(options["measured"])
        plan = GatePlan(tuple(data), tuple(options["unusable"]), children, measured)
        output = options["output"] or settings.MODELS_DIR / "gate"
        try:
            artifact = read_artifact(settings.MODELS_DIR, model)
            features = FeatureReader(assemble_network(artifact), artifact.preprocessing, eight_bits_of(artifact))
            with Progress() as progress:
                card = train_gate(plan, LungNetwork(options["lungs"]), features, output, progress.of("Gate"))
        except (DatasetError, DiagnosisError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. What is done is kept; the same command goes on.") from None
        for source, row in card["by_source"].items():
            self.stdout.write(
                f"{source}: {row['refused']:.1%} of {row['pictures']} refused, {row['limited']:.1%} limited"
            )
        self.stdout.write(f"{output} is complete.")


def eight_bits_of(artifact: Artifact) -> Callable[[Path], Any] | None:
    """Makes a graph what the version serves in eight bits; None for a version without ranges."""
    from training.publishing.int8 import load_ranges, quantised

    path = artifact.folder / RANGES
    if not path.is_file():
        return None
    ranges = load_ranges(path)
    return lambda graph: quantised(graph, ranges)
