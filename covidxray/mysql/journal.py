"""Which changes of tables an unfinished migration has made already.

MySQL and MariaDB commit every such statement by itself. A migration that breaks off leaves some of them behind, and
from its beginning it would not go through again. So each is written down before and after it runs, in a table that is
only there while `migrate` has not come to its end.

An entry holds as long as `django_migrations` has the same number of rows and the same last one: once the migration is
recorded (or taken back), its entries are worth nothing and are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Max

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "covidxray_unfinished_migration"
_CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    id bigint AUTO_INCREMENT PRIMARY KEY,
    recorded varchar(50) NOT NULL,
    statement longtext NOT NULL,
    is_done bool NOT NULL
)"""
_THIS = "WHERE recorded = %s AND statement = %s"


class Journal:
    """The statements of the migration at hand that an earlier attempt began, and whether each is known to be done."""

    def __init__(self, connection: BaseDatabaseWrapper, recorded: str) -> None:
        self._connection = connection
        self._recorded = recorded
        rows = self._ask(f"SELECT statement, is_done FROM {TABLE} WHERE recorded = %s ORDER BY id", recorded)
        self._known: dict[str, bool] = {statement: bool(is_done) for statement, is_done in rows}

    @classmethod
    def opened(cls, connection: BaseDatabaseWrapper) -> Self:
        with connection.cursor() as cursor:
            cursor.execute(_CREATE)
            recorded = _recorded(connection)
            cursor.execute(f"DELETE FROM {TABLE} WHERE recorded <> %s", [recorded])
        return cls(connection, recorded)

    def is_known(self, statement: str) -> bool:
        """Whether an earlier attempt began it."""
        return statement in self._known

    def is_done(self, statement: str) -> bool:
        return self._known.get(statement, False)

    def begin(self, statement: str) -> None:
        if not self.is_known(statement):
            values = "(recorded, statement, is_done) VALUES (%s, %s, FALSE)"
            self._ask(f"INSERT INTO {TABLE} {values}", self._recorded, statement)
            self._known[statement] = False

    def finish(self, statement: str) -> None:
        self._ask(f"UPDATE {TABLE} SET is_done = TRUE {_THIS}", self._recorded, statement)
        self._known[statement] = True

    def withdraw(self, statement: str) -> None:
        """The server refused it: it is certain that it was not done."""
        self._ask(f"DELETE FROM {TABLE} {_THIS}", self._recorded, statement)
        self._known.pop(statement, None)

    def _ask(self, sql: str, *parameters: str) -> list[tuple[str, bool]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []


def _recorded(connection: BaseDatabaseWrapper) -> str:
    """A name for what is recorded in `django_migrations`, which changes with every migration."""
    recorder = MigrationRecorder(connection)
    if not recorder.has_table():
        return "nothing"
    found = recorder.migration_qs.aggregate(number=Count("pk"), last=Max("pk"))
    return f"{found['number']} up to {found['last']}"


def forget(connection: BaseDatabaseWrapper) -> None:
    """`migrate` has come to its end."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
