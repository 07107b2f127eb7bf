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
    settings = connection.settings_dict
    usual, own, done = settings["NAME"], settings["TEST"]["NAME"], shared / "migrated.done"
    migrated = str(shared / "migrated.sqlite3") if connection.vendor == "sqlite" else "covidxray_migrated"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            settings["TEST"]["NAME"] = migrated
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            settings["TEST"]["NAME"] = own
            done.touch()
    connection.close()
    settings["NAME"] = usual
    if connection.vendor == "sqlite":
        shutil.copy(migrated, own)
    else:
        _copy(migrated, own)


def _copy(source: str, target: str) -> None:
    """Tables, keys and rows, on one server; no migration makes views or triggers."""
    rule = "CHARACTER SET {CHARSET} COLLATE {COLLATION}".format(**connection.settings_dict["TEST"])
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE DATABASE {target} {rule}")
        cursor.execute("SET foreign_key_checks = 0")
        cursor.execute(f"SHOW TABLES IN {source}")
        for (table,) in cursor.fetchall():
            cursor.execute(f"USE {source}")
            cursor.execute(f"SHOW CREATE TABLE {table}")
            ((_, statement),) = cursor.fetchall()
            cursor.execute(f"USE {target}")
            cursor.execute(statement)
            cursor.execute(f"SELECT 1 FROM {source}.{table} LIMIT 1")  # noqa: S608
            if cursor.fetchall():
                cursor.execute(f"INSERT INTO {table} SELECT * FROM {source}.{table}")  # noqa: S608
    connection.close()
