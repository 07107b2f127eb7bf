"""Databases of a test's own on the MySQL or MariaDB server that the tests run on."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def use(name: str) -> None:
    """Let the usual connection lead to that database."""
    connection.close()
    connection.settings_dict["NAME"] = name


@contextmanager
def empty_databases(*names: str, rule: str) -> Iterator[None]:
    """Empty databases with that character set and collation; afterwards the usual one is in use again."""
    usual = connection.settings_dict["NAME"]
    _each(names, "DROP DATABASE IF EXISTS {}")
    _each(names, f"CREATE DATABASE {{}} {rule}")
    try:
        yield
    finally:
        use(usual)
        _each(names, "DROP DATABASE {}")


def _each(names: tuple[str, ...], statement: str) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(statement.format(name))
