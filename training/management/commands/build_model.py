"""Assemble a version of the model from its committed part and the pretrained weights, and make it ready to serve."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import check_built, is_built_from_these_ranges, read_artifact
from training.greeting import keras_import


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", help="a version in models/ (default: the served one)")
        parser.add_argument("--force", action="store_true", help="build again what is built already")

    def handle(self, *args: Any, model: str | None, force: bool, **options: Any) -> None:
        try:
            artifact = read_artifact(settings.MODELS_DIR, model)
            if not force and self.is_built(artifact):
                self.stdout.write(f"Model {artifact.version} is built already.")
                return
            keras_import()
            from training.publishing.assembly import build_served_files  # TensorFlow takes seconds to import

            self.stdout.write(f"Assembling model {artifact.version} (once, about a minute) ...")
            choice = build_served_files(artifact)
        except (ModelUnavailable, RuntimeError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Model {artifact.version} is ready. {choice.why}")

    def is_built(self, artifact: Any) -> bool:
        try:
            check_built(artifact)
            return is_built_from_these_ranges(artifact)
        except ModelUnavailable:
            return False
