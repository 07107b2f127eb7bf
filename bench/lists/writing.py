"""Rows by the million: one prepared statement for a batch, and keys that are given here instead of asked for.

`bulk_create` compiles a statement for every few rows and spends most of its time on that. What is left then is Python:
a row made by its class's constructor, and values that every field prepares on its own. So `new` makes a row without
the constructor, and only fields that change a value are asked to prepare it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import Max, Model
from django.db.models.base import ModelState

CACHE_KILOBYTES = 1_000_000
AS_THEY_ARE = (
    models.BigAutoField,
    models.BooleanField,
    models.CharField,
    models.FloatField,
    models.ForeignKey,
    models.PositiveBigIntegerField,
    models.PositiveIntegerField,
    models.TextField,
)
"""Fields whose values a database takes as they are; a class derived from one may not be among them."""
Row = TypeVar("Row", bound=Model)


@contextmanager
def bulk_session() -> Iterator[None]:
    """Settings of the connection for as long as rows are written that are known to belong together.

    SQLite: indexes of a million random keys do not fit into the 2 MB that it takes. MariaDB: it does not look for the
    row that each key names.
    """
    if connection.vendor == "sqlite":
        _execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
    if connection.vendor != "mysql":
        yield
        return
    _execute("SET SESSION foreign_key_checks = 0, unique_checks = 0")
    try:
        yield
    finally:
        _execute("SET SESSION foreign_key_checks = 1, unique_checks = 1")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def new(model: type[Row], **values: Any) -> Row:
    """A row as `model(**values)` makes it, without its constructor; a related row is given by the field's name."""
    row = model.__new__(model)
    row._state = ModelState()
    fixed, made = _defaults(model)
    row.__dict__.update(fixed)
    row.__dict__.update((name, default()) for name, default in made if name not in values)
    relations = _relations(model)
    for name, value in values.items():
        if name in relations and value is not None:
            row._state.fields_cache[name] = value
            row.__dict__[relations[name]] = value.pk
        else:
            row.__dict__[name] = value
    return row


@cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """By attribute: values, and functions that make one for each row."""
    fields = model._meta.local_concrete_fields
    made = [field for field in fields if field.has_default() and callable(field.default)]
    fixed = {field.attname: field.get_default() for field in fields if field not in made}
    return fixed, [(field.attname, field.get_default) for field in made]


@cache
def _relations(model: type[Model]) -> dict[str, str]:
    """Name of a relation -> of the attribute with its key."""
    fields = model._meta.local_concrete_fields
    return {field.name: field.attname for field in fields if isinstance(field, models.ForeignKey)}


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
    plain = [field.attname for field in fields if type(field) in AS_THEY_ARE]
    others = [field for field in fields if type(field) not in AS_THEY_ARE]
    database = connections[DEFAULT_DB_ALIAS]  # `connection` looks for it at every attribute

    def values_of(row: Model) -> list[Any]:
        prepared = (field.get_db_prep_save(field.pre_save(row, True), database) for field in others)
        return [*map(row.__dict__.__getitem__, plain), *prepared]

    columns = {field.attname: str(field.column) for field in fields}
    names = [*plain, *(field.attname for field in others)]
    _insert(model, [columns[name] for name in names], map(values_of, rows))


def tuples_store(model: type[Model], names: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """Store rows of which only the values are given; their keys are the database's."""
    fields = {field.name: str(field.column) for field in model._meta.local_concrete_fields}
    _insert(model, [fields[name] for name in names], values)


def _insert(model: type[Model], columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    quoted = ", ".join(map(connection.ops.quote_name, columns))
    table, places = connection.ops.quote_name(model._meta.db_table), ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({places})", list(values))  # noqa: S608
