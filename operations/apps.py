"""Checks of a configuration, of the machine and of the database server; the planner's setting on MariaDB."""

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db.backends.signals import connection_created


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        from operations import checks as _own  # noqa: F401 - registers them
        from operations.database_checks import check_server

        checks.register(check_server, checks.Tags.database)
        connection_created.connect(plan_by_existence, dispatch_uid="operations.plan_by_existence")


def plan_by_existence(connection: Any, **_: object) -> None:
    """Without this MariaDB answers "which patients have a result?" by reading the results of all of them."""
    if connection.vendor == "mysql" and connection.mysql_is_mariadb:
        with connection.cursor() as cursor:
            cursor.execute("SET optimizer_switch = 'exists_to_in=off'")
