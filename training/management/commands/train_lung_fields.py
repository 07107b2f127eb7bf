"""Train the lung U-Net on pairs of radiograph and mask, measure it by collection, and write its folder."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = __doc__ + " Takes about 20 minutes on two processors, and can be interrupted."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, help="a folder with images/ and masks/")
        parser.add_argument(
            "--output",
            type=Path,
            default=settings.MODELS_DIR / "lung-fields",
            help="where the network goes (default: %(default)s)",
        )
        parser.add_argument("--steps", type=int, default=3000, help="of 16 pictures each (default: %(default)s)")
        parser.add_argument(
            "--seed", type=int, default=14, help="of weights, order and variation (default: %(default)s)"
        )

    def handle(self, *args: Any, data: Path, output: Path, steps: int, seed: int, **options: Any) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        from training.data.dataset import DatasetError  # importing Keras takes seconds; --help should not
        from training.lungs.fitting import LungRecipe
        from training.lungs.runner import train_lung_fields
        from training.progress import Progress

        try:
            with Progress() as progress:
                card = train_lung_fields(data, output, LungRecipe(steps=steps, seed=seed), progress.of("Lung fields"))
        except (DatasetError, RuntimeError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. What is done is kept; the same command goes on.") from None
        for name, figures in card["dice"].items():
            self.stdout.write(f"{name}: Dice {figures['mean_dice']:.3f} on {figures['pairs']} pairs")
        self.stdout.write(f"{output} is complete.")
