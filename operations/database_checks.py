"""What the database must be like, asked before every migration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.db import connections

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

OLDEST = {"MariaDB": (10, 6), "MySQL": (8, 0, 17)}
"""Since these, a single change of a table is made as a whole or not at all, and there is the collation wanted."""


def collation_for(connection: Any) -> str:
    """The one that compares as SQLite does: characters by their number, spaces at the end included."""
    return "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"


def check_server(databases: Iterable[str] | None = None, **options: Any) -> list[checks.CheckMessage]:
    found = [connections[alias] for alias in databases or ()]
    return [message for connection in found if connection.vendor == "mysql" for message in _faults(connection)]


def _faults(connection: Any) -> Iterator[checks.CheckMessage]:
    name = "MariaDB" if connection.mysql_is_mariadb else "MySQL"
    if connection.mysql_version < OLDEST[name]:
        needed = ".".join(map(str, OLDEST[name]))
        yield checks.Error(f"{name} {needed} or later is needed.", id="covidxray.E101")
    elif (collation := _collation(connection)) != (wanted := collation_for(connection)):
        yield checks.Error(
            f"The database's collation is {collation}: searches and names would follow other rules than {wanted}.",
            hint=f"Before the first migration: ALTER DATABASE {connection.settings_dict['NAME']} "
            f"CHARACTER SET utf8mb4 COLLATE {wanted};",
            id="covidxray.E102",
        )


def _collation(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@collation_database")
        return str(cursor.fetchone()[0])
