"""Reading the database as it was at one moment, while others go on writing to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Not `transaction.atomic`: on SQLite it takes the lock for writing, and no one could upload before the end.
_BEGIN = {
    "sqlite": ["BEGIN DEFERRED"],
    "mysql": [
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ],
}


@contextmanager
def snapshot() -> Iterator[None]:
    """All that is read in this block is of one moment: on SQLite that of the first query. Nothing can be written.

    SQLite's write-ahead log, which is on in the settings, lets others write at the same time.
    """
    if connection.in_atomic_block:
        raise RuntimeError("a snapshot is a transaction of its own")
    with connection.cursor() as cursor:
        for statement in _BEGIN[connection.vendor]:
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
