"""Part of the site only where it runs on MySQL or MariaDB."""

from django.apps import AppConfig
from django.core import checks


class MysqlConfig(AppConfig):
    name = "covidxray.mysql"

    def ready(self) -> None:
        from operations.database_checks import check_server

        checks.register(check_server, checks.Tags.database)
