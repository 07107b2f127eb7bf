"""Rows as lines of JSON: the columns' names, and then one list of values for each row, in the order of the primary key.

Exact where Django's own serialization is not: it cuts times to milliseconds, and the audit's hashes cover microseconds.
Free of the database's kind: a line that SQLite gave goes into MariaDB. A few lines are in memory at once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Field, Model
from django.utils.duration import duration_string

from backup.contents import MadeRows, columns_of
from backup.errors import ArchiveRefused

READ_AT_ONCE = 500
WRITTEN_AT_ONCE = 500
LONGEST_LINE = 64 * 1024**2

Values = list[Any]


class Lines(Protocol):
    """A file that is written and read line by line, and may be compressed."""

    def write(self, line: bytes, /) -> int: ...
    def readline(self, size: int, /) -> bytes: ...


def dump(model: type[Model], made: MadeRows, to: Lines) -> Iterator[Values]:
    """Write every row, and give the values of each as they were written."""
    columns = columns_of(model)
    to.write(_line([field.attname for field in columns]))
    for row in _rows(model, [field.attname for field in columns]):
        values = [made.name_of(field, value) for field, value in zip(columns, row, strict=True)]
        to.write(_line(values))
        yield values


def _rows(model: type[Model], names: list[str]) -> Iterator[tuple[Any, ...]]:
    """By pages of the primary key: MySQL's driver would else fetch the whole table at once."""
    rows = model._base_manager.order_by("pk").values_list("pk", *names)
    page = list(rows[:READ_AT_ONCE])
    while page:
        for _pk, *values in page:
            yield tuple(values)
        page = list(rows.filter(pk__gt=page[-1][0])[:READ_AT_ONCE])


def _line(values: Values) -> bytes:
    return json.dumps(values, default=_text, separators=(",", ":")).encode("ascii") + b"\n"


def _text(value: object) -> str:
    """A value that JSON does not know, so that its column's `to_python` reads it back."""
    match value:
        case bytes() | memoryview() | bytearray():
            return base64.b64encode(value).decode("ascii")
        case datetime() | date() | time():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case timedelta():
            return duration_string(value)
    raise TypeError(f"no column holds {type(value).__name__}")


def read(model: type[Model], lines: Lines) -> Iterator[Values]:
    """The values of each row. Raises ArchiveRefused for other columns than this program's, ValueError for no values."""
    names = [field.attname for field in columns_of(model)]
    if _parsed(lines) != names:
        raise ArchiveRefused(f"The archive's table {model._meta.label} has other columns than this program's.")
    while (values := _parsed(lines)) is not None:
        if len(values) != len(names):
            raise ValueError("a row with other values than columns")
        yield values


def _parsed(lines: Lines) -> Values | None:
    line = lines.readline(LONGEST_LINE)
    if not line:
        return None
    values = json.loads(line)
    if not isinstance(values, list):
        raise ValueError("a line that is no row")
    return values


def decoded(model: type[Model], values: Values, made: MadeRows) -> Model:
    """The row as an instance that was not saved. Raises what a column says of a value that is none."""
    columns = columns_of(model)
    return model(**{field.attname: _value(field, value, made) for field, value in zip(columns, values, strict=True)})


def _value(field: Field, value: Any, made: MadeRows) -> Any:
    return None if value is None else field.to_python(made.number_of(field, value))


def load(model: type[Model], lines: Lines, made: MadeRows) -> int:
    """Insert every row as it was; how many there were."""
    instances = (decoded(model, values, made) for values in read(model, lines))
    number = 0
    fields = columns_of(model)
    at_once = min(WRITTEN_AT_ONCE, connection.ops.bulk_batch_size(fields, range(WRITTEN_AT_ONCE)))
    while batch := list(islice(instances, at_once)):
        # As Django's loaddata, many at a time: `raw` keeps columns that are otherwise written anew with every row.
        model._base_manager._insert(batch, fields=fields, using=connection.alias, raw=True)  # type: ignore[attr-defined]
        number += len(batch)
    return number
