"""MySQL and MariaDB commit every change of a table by itself: a migration that broke off must go through next time."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from pytest_django import DjangoDbBlocker

from tests.mariadb import empty_databases, use

pytestmark = [
    pytest.mark.skipif(connection.vendor != "mysql", reason="other databases take half a migration back"),
    pytest.mark.slow,
    pytest.mark.mariadb,
]

CLEAN, INTERRUPTED = ("test_covidxray_clean", "test_covidxray_interrupted")
MADE = "made by the test"
Execute = Callable[..., None]


@pytest.fixture(autouse=True)
def databases(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), empty_databases(CLEAN, INTERRUPTED, rule=_rule()):
        yield


def _rule() -> str:
    from operations.database_checks import collation_for

    return f"CHARACTER SET utf8mb4 COLLATE {collation_for(connection)}"


class Faults:
    """In the place of the editor's `execute`: every statement fails before it passes, each in one of three ways.

    In most cases the server has done it, and only its answer is lost: the hardest one.
    """

    def __init__(self, execute: Execute) -> None:
        self.execute = execute
        self.failed: set[str] = set()

    def __call__(self, editor: BaseDatabaseSchemaEditor, sql: Any, params: Any = ()) -> None:
        if str(sql) in self.failed:
            self.execute(editor, sql, params)
            return
        self.failed.add(str(sql))
        if len(self.failed) % 7 == 0:
            raise OperationalError(1114, f"The table is full ({MADE})")
        if len(self.failed) % 7 != 1:
            self.execute(editor, sql, params)
        raise OperationalError(2013, f"Lost connection to server during query ({MADE})")


def migrate_through_faults() -> int:
    """Every migration, each begun anew until it goes through; how many attempts failed."""
    executor = MigrationExecutor(connection)
    failures = _failures_of(executor.recorder.ensure_schema)
    state = ProjectState()
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True):
        assert state.apps  # rendered once for all attempts
        failures += _failures_of(lambda: executor.apply_migration(state.clone(), migration))  # noqa: B023
        state = migration.mutate_state(state, preserve=False)
    return failures


def _failures_of(step: Callable[[], object]) -> int:
    """Every failure must be one that the test made, and each of those comes once."""
    for number in itertools.count():
        connection.close()
        try:
            step()
        except DatabaseError as error:
            if MADE not in str(error):
                raise
            continue
        return number
    raise AssertionError


def schema() -> dict[str, list[str]]:
    """Every table as the server describes it; the lines in alphabetical order, for that of the columns is no matter."""
    with connection.cursor() as cursor:
        return {table: _description(cursor, table) for table in connection.introspection.table_names(cursor)}


def _description(cursor: Any, table: str) -> list[str]:
    cursor.execute(f"SHOW CREATE TABLE {table}")
    lines = cursor.fetchone()[1].split(" AUTO_INCREMENT=")[0].splitlines()
    return sorted(line.strip().rstrip(",") for line in lines)


@pytest.mark.timeout(1200)
def test_a_migration_may_break_off_at_any_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    use(CLEAN)
    call_command("migrate", verbosity=0)
    expected = schema()
    use(INTERRUPTED)
    faults = Faults(BaseDatabaseSchemaEditor.execute)
    monkeypatch.setattr(BaseDatabaseSchemaEditor, "execute", lambda *args: faults(*args))  # noqa: PLW0108 - a method
    failures = migrate_through_faults()
    call_command("migrate", verbosity=0)  # nothing to do but to forget what was interrupted
    assert failures == len(faults.failed) > 150
    found = schema()
    assert found.keys() == expected.keys()
    assert [(found[name], expected[name]) for name in found if found[name] != expected[name]] == []
