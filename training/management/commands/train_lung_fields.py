"""Train the lung U-Net on pairs of radiograph and mask, measure it by collection, and write its folder."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from training.greeting import keras_import
from training.management.recipe_arguments import at_least_one, none_or_more


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
        parser.add_argument(
            "--steps", type=at_least_one, default=3000, help="how many, of 16 pictures each (default: %(default)s)"
        )
        parser.add_argument(
            "--seed", type=none_or_more, default=14, help="of weights, order and variation (default: %(default)s)"
        )

        parser.add_argument(
            "--tensorboard", type=Path, metavar="DIR", help="write losses and figures for TensorBoard too (default: no)"
        )

    def handle(self, *args: Any, data: Path, output: Path, steps: int, seed: int, **options: Any) -> None:
        keras_import()
        from training.data.dataset import DatasetError  # importing Keras takes seconds; --help should not
        from training.lungs.fitting import LungRecipe
        from training.lungs.runner import train_lung_fields
        from training.progress import Progress

        try:
            with Progress() as progress:
                recipe, bar = LungRecipe(steps=steps, seed=seed), progress.of("Lung fields")

                def report(step: int, of_all: int, loss: float) -> None:
                    bar(step, of_all, f"loss {loss:.3f}")

                card = train_lung_fields(data, output, recipe, report, options["tensorboard"])
        except (DatasetError, RuntimeError, OSError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. What is done is kept; the same command goes on.") from None
        for name, figures in card["dice"].items():
            self.stdout.write(f"{name}: Dice {figures['mean_dice']:.3f} on {figures['pairs']} pairs")
        self.stdout.write(f"{output} is complete.")
