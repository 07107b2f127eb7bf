"""Rows by the million: one prepared statement for a batch, and keys that are given here instead of asked for.

`bulk_create` compiles a statement for every few rows and spends most of its time on that.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Max, Model

CACHE_KILOBYTES = 1_000_000


def large_cache() -> None:
    """Indexes of a million random keys do not fit into the 2 MB that SQLite takes."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")


def rows_store(rows: Sequence[Model]) -> None:
    """Store new rows of one model, which get their keys."""
    if not rows:
        return
    model = type(rows[0])
    last = model._default_manager.aggregate(last=Max("pk"))["last"] or 0
    for number, row in enumerate(rows, last + 1):
        row.pk = number
        row._state.adding = False
    fields = model._meta.local_concrete_fields
    values = ([field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields] for row in rows)
    _insert(model, [str(field.column) for field in fields], values)


def tuples_store(model: type[Model], names: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """Store rows of which only the values are given; their keys are the database's."""
    fields = {field.name: str(field.column) for field in model._meta.local_concrete_fields}
    _insert(model, [fields[name] for name in names], values)


def _insert(model: type[Model], columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    quoted = ", ".join(map(connection.ops.quote_name, columns))
    table, places = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({places})", list(values))  # noqa: S608
