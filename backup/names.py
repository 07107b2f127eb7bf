"""The names of stored files, each once and in order. There may be millions: they are kept on disk, not in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path


class Names:
    """A set of names in a file of its own, compared byte by byte whatever the site's database does."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "names.sqlite3", isolation_level=None)
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("CREATE TABLE names (name TEXT PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __enter__(self) -> Names:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM names").fetchone()[0])

    def __iter__(self) -> Iterator[str]:
        return (name for (name,) in self._database.execute("SELECT name FROM names ORDER BY name"))

    def add(self, names: Iterable[str]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO names VALUES (?)", ((name,) for name in names if name))

    def take(self, name: str) -> bool:
        """Take the name out; whether it was there."""
        return self._database.execute("DELETE FROM names WHERE name = ?", (name,)).rowcount == 1
