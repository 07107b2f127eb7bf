"""Give a version an int8 graph: learn its ranges on training images and measure on the Test folder what it costs."""

from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.errors import DiagnosisError
from diagnosis.inference.artifacts import check_built, read_artifact
from training.data.dataset import DatasetError, read_judged
from training.greeting import keras_import
from training.management.recipe_arguments import at_least_one, none_or_more
from training.progress import Progress

LEARNED_ON, AFTER = 200, 1500
SEED = 0


class Command(BaseCommand):
    help = __doc__ + " Takes about ten minutes on two processors."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", help="a version in models/ that is built (default: the served one)")
        parser.add_argument("--data", type=Path, required=True, help="the folder that it was trained and tested on")
        parser.add_argument(
            "--extra", type=Path, help="the folder of further negatives, if it was trained on one (default: none)"
        )
        parser.add_argument(
            "--external",
            type=Path,
            action="append",
            default=[],
            help="reported too, and never learned on; repeatable (default: none)",
        )
        parser.add_argument(
            "--images",
            type=at_least_one,
            default=LEARNED_ON,
            help="training images to learn ranges on (default: %(default)s)",
        )
        parser.add_argument(
            "--after",
            type=none_or_more,
            default=AFTER,
            help="how many of the shuffled ones to leave out before (default: %(default)s)",
        )

    def handle(self, *args: Any, model: str | None, data: Path, extra: Path | None, **options: Any) -> None:
        try:
            artifact = read_artifact(settings.MODELS_DIR, model)
            check_built(artifact)
            keras_import()
            with Progress() as progress:
                is_default = self.quantise(artifact, [data, *([extra.parent] if extra else [])], progress, **options)
        except (DatasetError, DiagnosisError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(f"Stopped. Model {artifact.version} keeps its card.") from None
        state = (
            "becomes the default" if is_default else "does not become the default: answers or ROC AUC differ too much"
        )
        self.stdout.write(
            f"int8 of model {artifact.version} {state}. Now: manage.py build_model --force --model {artifact.version}"
        )

    def quantise(
        self,
        artifact: Any,
        roots: list[Path],
        progress: Progress,
        *,
        images: int,
        after: int,
        external: list[Path],
        **options: Any,
    ) -> bool:
        from diagnosis.inference.engines import OpenVINOEngine
        from training.publishing.quantise import (
            Part,
            add_ranges,
            compared,
            int8_engine,
            outputs_of,
            part_of_version,
            write_int8_card,
        )

        train = part_of_version(artifact, "train", roots)
        chosen = np.random.default_rng(SEED).permutation(len(train.paths))[after : after + images]
        if not len(chosen):
            raise DatasetError(f"There are only {len(train.paths)} training images; give a smaller --after.")
        parts = {"test": part_of_version(artifact, "test", roots)}
        for folder in external:
            samples = read_judged(folder, artifact.classes).samples
            labels = np.array([sample.label for sample in samples])
            parts[folder.name] = Part(tuple(sample.path for sample in samples), labels)
        add_ranges(artifact, [train.paths[index] for index in chosen], progress.of("Batches of training images"))
        figures = {}
        with int8_engine(artifact) as int8:
            for name, part in parts.items():
                engines = {"float32": OpenVINOEngine(artifact.folder), "int8": int8}
                one, other = (
                    outputs_of(artifact, engine, part.paths, progress.of(f"{name} in {precision}"))
                    for precision, engine in engines.items()
                )
                figures[name] = compared(artifact, part.labels, one, other)
                self.stdout.write(f"{name}: {figures[name]['equal_answers']:.2%} of the answers are those of float32")
                if (equal := figures[name].get("equal_classes")) is not None:
                    self.stdout.write(f"{name}: {equal:.2%} of the most probable classes are")
        return write_int8_card(artifact, len(chosen), figures)
