"""Choose which version of the model is served."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from audit.models import Action
from audit.services import record
from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import check_built, list_versions, read_artifact, set_current_version


class Command(BaseCommand):
    help = "Serve another version of the model; processes that run now keep theirs until they are restarted."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="a folder name in models/")

    def handle(self, *args: Any, version: str, **options: Any) -> None:
        try:
            artifact = read_artifact(settings.MODELS_DIR, version)
            check_built(artifact)
            detail = {"version": version, "weights": artifact.weights_sha256}
            with transaction.atomic():  # both or neither
                record(Action.MODEL_CHOSEN, actor=None, detail=detail)
                set_current_version(settings.MODELS_DIR, version)
        except ModelUnavailable as error:
            known = ", ".join(list_versions(settings.MODELS_DIR)) or "none"
            raise CommandError(f"{error} Versions here: {known}.") from error
        except DatabaseError as error:
            message = "The choice cannot be recorded in the audit log, and was not made: run manage.py migrate first."
            raise CommandError(message) from error
        self.stdout.write(f"{version} is served from now on. Restart the site to load it.")
