"""Django's `migrate`, which at its end drops the journal of unfinished migrations (covidxray.mysql.journal)."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from covidxray.mysql.journal import forget


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        forget(connections[options["database"]])
