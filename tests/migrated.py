"""A migrated database for each process of the tests: one of them migrates, and all copy it, which takes a tenth."""

import fcntl
import shutil
from pathlib import Path

from django.db import connection


def can_copy() -> bool:
    """Of servers only that of scripts/with_mariadb.py, which is gone afterwards with every database."""
    return connection.vendor == "sqlite" or "unix_socket" in connection.settings_dict["OPTIONS"]


def migrate_or_copy(shared: Path) -> None:
    """Make this process's test database with all tables. shared: a folder that the processes have in common."""
    settings, creation = connection.settings_dict, connection.creation
    usual, own, done = settings["NAME"], settings["TEST"]["NAME"], shared / "migrated.done"
    migrated = shared / "migrated.sqlite3" if connection.vendor == "sqlite" else "covidxray_migrated"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            settings["TEST"]["NAME"] = migrated
            creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            settings["TEST"]["NAME"] = own
            done.touch()
    connection.close()
    settings["NAME"] = usual
    if connection.vendor == "sqlite":
        shutil.copy(migrated, own)
    else:
        creation._create_test_db(verbosity=0, autoclobber=True, keepdb=False)
        _copy(str(migrated), own)


def _copy(source: str, target: str) -> None:
    """Tables, keys and rows, on one server; no migration makes views or triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        cursor.execute(f"SHOW TABLES IN {source}")
        for (table,) in cursor.fetchall():
            cursor.execute(f"USE {source}")
            cursor.execute(f"SHOW CREATE TABLE {table}")
            statement = cursor.fetchone()[1]
            cursor.execute(f"USE {target}")
            cursor.execute(statement)
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {source}.{table})")  # noqa: S608
            if cursor.fetchone()[0]:
                cursor.execute(f"INSERT INTO {table} SELECT * FROM {source}.{table}")  # noqa: S608
    connection.close()
