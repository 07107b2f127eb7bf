"""Choose which version of the model is served."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import list_versions
from diagnosis.model_cards.choosing import model_choose


class Command(BaseCommand):
    help = "Serve another version of the model; running processes take it up at their next radiograph."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", help="a folder name in models/")

    def handle(self, *args: Any, version: str, **options: Any) -> None:
        try:
            model_choose(actor=None, version=version)
        except ModelUnavailable as error:
            known = ", ".join(list_versions(settings.MODELS_DIR)) or "none"
            raise CommandError(f"{error} Versions here: {known}.") from error
        except DatabaseError as error:
            message = "The choice cannot be recorded in the audit log, and was not made: run manage.py migrate first."
            raise CommandError(message) from error
        self.stdout.write(f"{version} is served from now on: running processes load it for their next radiograph.")
