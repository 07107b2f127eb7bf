"""A database that does not answer or lacks its tables, in one sentence; a worker that waits for it says so once."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseFault
from django.db import OperationalError, ProgrammingError

_NO_SUCH_TABLE, _NO_SUCH_COLUMN = 1146, 1054  # of MariaDB and MySQL


def lacks_tables(error: DatabaseFault) -> bool:
    """Whether `manage.py migrate` has not run, or not since an update."""
    first = error.args[0] if error.args else ""
    return isinstance(error, OperationalError | ProgrammingError) and (
        first in (_NO_SUCH_TABLE, _NO_SUCH_COLUMN) or str(first).startswith(("no such table", "no such column"))
    )


def reason(error: DatabaseFault) -> str:
    """The driver's own words in one line. About a connection they name user and host, never the password."""
    words = error.args[-1] if error.args else type(error).__name__
    return " ".join(str(words).split()).rstrip(".")


def sentence(error: DatabaseFault) -> str:
    if lacks_tables(error):
        return "The database of DATABASE_URL lacks tables of this version: run `manage.py migrate`."
    return f"The database of DATABASE_URL cannot be used: {reason(error)}."


class Outage:
    """What a process that works until it is stopped logs of its database: each fault once, and that it is over."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger, self._said = logger, ""

    def met(self, error: DatabaseFault) -> None:
        """Called in every round that fails. Tables that are not there yet are no fault: an installation begins so."""
        words = sentence(error)
        if words != self._said:
            self._said = words
            level = logging.INFO if lacks_tables(error) else logging.ERROR
            self._logger.log(level, "waiting: %s", words, exc_info=None if lacks_tables(error) else error)

    def over(self) -> None:
        """Called in every round that does not."""
        if self._said:
            self._said = ""
            self._logger.info("the database answers again")
