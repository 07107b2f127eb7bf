"""How MySQL and MariaDB are spoken to. The rest of the tests say that the site works on them (`make test-mysql`)."""

import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DataError, close_old_connections, connection

from accounts.models import Institution, User
from tests.cast import client_of
from tests.mariadb import empty_databases, use

pytestmark = [
    pytest.mark.skipif(connection.vendor != "mysql", reason="about MySQL and MariaDB (make test-mysql)"),
    pytest.mark.django_db,
    pytest.mark.mariadb,
]


def answer_to(sql: str, *parameters: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()


def test_nothing_in_the_models_is_beyond_the_server() -> None:
    call_command("check", databases=["default"], fail_level="WARNING")


def test_a_transaction_sees_later_commits() -> None:
    """As on SQLite. With MySQL's repeatable read, a request would go on with values from before it waited."""
    is_mariadb = "MariaDB" in answer_to("SELECT version()")[0]
    assert answer_to("SELECT @@tx_isolation" if is_mariadb else "SELECT @@transaction_isolation") == ("READ-COMMITTED",)


def test_what_does_not_fit_is_refused_and_never_cut(hospital: Institution) -> None:
    with pytest.raises(DataError):
        Institution.objects.filter(pk=hospital.pk).update(name="x" * 151)


@pytest.mark.django_db(transaction=True)
def test_the_server_needs_no_tables_of_time_zones(alice: User) -> None:
    """They are empty here, as most installations leave them: what cuts days does so without."""
    assert answer_to("SELECT count(*) FROM mysql.time_zone_name") == (0,)
    alice.time_zone = "Asia/Kuala_Lumpur"
    alice.save()
    client = client_of(alice)
    for address in ("/", "/statistics/", "/statistics/scorecard/", "/results/?since=2026-01-01&until=2026-02-01"):
        assert client.get(address, follow=True).status_code == 200


def test_the_database_has_the_rule_that_sqlite_has() -> None:
    assert answer_to("SELECT @@collation_database")[0].endswith("_bin")
    columns = "SELECT DISTINCT collation_name FROM information_schema.columns WHERE table_schema = DATABASE()"
    assert answer_to(f"{columns} AND collation_name IS NOT NULL AND table_name LIKE 'diagnosis%%'") == answer_to(
        "SELECT @@collation_database"
    )


@pytest.mark.django_db(transaction=True)
def test_a_closed_connection_is_replaced(alice: User) -> None:
    """A connection that the server closed is replaced at the next request."""
    (number,) = answer_to("SELECT connection_id()")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("KILL %s", [number])
    other.close()
    close_old_connections()  # which every request begins with
    assert User.objects.get() == alice
    assert answer_to("SELECT connection_id()") != (number,)


@pytest.mark.django_db(transaction=True)
def test_another_collation_is_refused() -> None:
    """A database with another collation is refused before anything is in it."""
    name = f"test_{uuid.uuid4().hex}"
    with empty_databases(name, rule="CHARACTER SET latin1 COLLATE latin1_swedish_ci"):
        use(name)
        with pytest.raises(SystemCheckError, match=f"ALTER DATABASE {name} CHARACTER SET utf8mb4 COLLATE"):
            call_command("migrate", verbosity=0, skip_checks=False)
        assert connection.introspection.table_names() == []
