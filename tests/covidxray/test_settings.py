"""The settings as a server reads them from its environment: what is missing closes, never opens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOWN = """
import json
from covidxray import settings
print(json.dumps({name: getattr(settings, name) for name in dir(settings) if name.isupper()}, default=lambda _: None))
"""


def run(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "COVIDXRAY_ENV_FILE": "", "DJANGO_SETTINGS_MODULE": "covidxray.settings"}
    return subprocess.run(
        [sys.executable, *command], cwd=project, env=clean | environment, capture_output=True, text=True, check=False
    )


def settings_with(project: Path, **environment: str) -> dict:
    result = run(project, "-c", SHOWN, **environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_no_secret_key_no_start(project: Path) -> None:
    """Without a secret key nothing starts and one sentence says so."""
    result = run(project, "manage.py", "check")
    assert result.returncode != 0
    assert result.stderr.strip() == "The configuration is incomplete: Set the SECRET_KEY environment variable"


def test_a_secret_key_may_be_in_a_file(project: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file")
    assert settings_with(project, SECRET_KEY_FILE=str(tmp_path / "key"))["SECRET_KEY"] == "from a file"


def test_with_nothing_but_a_key_everything_is_closed(project: Path) -> None:
    values = settings_with(project, SECRET_KEY="key")
    assert (values["DEBUG"], values["DEVELOPMENT"], values["ALLOWED_HOSTS"]) == (False, False, [])
    assert values["SESSION_COOKIE_SECURE"]
    assert values["CSRF_COOKIE_SECURE"]
    assert values["SECURE_SSL_REDIRECT"]
    assert values["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert "SECURE_PROXY_SSL_HEADER" not in values
    assert values["USE_TZ"]
    assert "MEDIA_URL" not in values


def test_development_is_http_without_debug(project: Path) -> None:
    values = settings_with(project, SECRET_KEY="key", DEVELOPMENT="True")
    assert not values["DEBUG"]
    assert not values["SESSION_COOKIE_SECURE"]
    assert not values["SECURE_SSL_REDIRECT"]


def test_sqlite_waits_and_writes_ahead(project: Path) -> None:
    options = settings_with(project, SECRET_KEY="key")["DATABASES"]["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] >= 5
    assert "journal_mode=WAL" in options["init_command"]


def test_mysql_is_one_setting(project: Path) -> None:
    database = settings_with(project, SECRET_KEY="key", DATABASE_URL="mysql://xray:secret@db/xray")["DATABASES"][
        "default"
    ]
    assert database["ENGINE"] == "django.db.backends.mysql"
    assert database["OPTIONS"]["charset"] == "utf8mb4"
    assert database["CONN_HEALTH_CHECKS"]


@pytest.mark.parametrize("address", ["/", "/results/"])
def test_plain_http_redirects_to_https(address: str, client, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(address)
    assert answer.status_code == 301
    assert answer["Location"].startswith("https://")
    assert client.get("/healthz").status_code == 200


def test_proxies_are_counted_from_the_right(project: Path) -> None:
    values = settings_with(project, SECRET_KEY="key", BEHIND_PROXY="True", PROXY_COUNT="2")
    assert values["AXES_IPWARE_META_PRECEDENCE_ORDER"] == ["HTTP_X_FORWARDED_FOR"]
    assert (values["AXES_IPWARE_PROXY_COUNT"], values["IPWARE_STRICT"]) == (1, False)
    assert "AXES_IPWARE_META_PRECEDENCE_ORDER" not in settings_with(project, SECRET_KEY="key")


def test_administrators_need_a_second_factor(project: Path) -> None:
    assert settings_with(project, SECRET_KEY="key")["REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS"]
    assert not settings_with(project, SECRET_KEY="key", DEVELOPMENT="True")["REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS"]


@pytest.mark.parametrize(
    ("environment", "backend", "host"),
    [
        ({}, "smtp", "localhost"),
        ({"DEVELOPMENT": "True"}, "console", None),
        ({"EMAIL_URL": "smtp+tls://user:secret@mail.example:587"}, "smtp", "mail.example"),
        ({"EMAIL_URL": "filemail:///messages"}, "filebased", None),
    ],
)
def test_where_messages_go_is_one_setting(
    project: Path, environment: dict[str, str], backend: str, host: str | None
) -> None:
    values = settings_with(project, SECRET_KEY="key", **environment)
    assert values["EMAIL_BACKEND"] == f"django.core.mail.backends.{backend}.EmailBackend"
    assert values["EMAIL_HOST"] == host


def test_a_scope_that_does_not_exist_is_refused(project: Path) -> None:
    result = run(project, "manage.py", "check", SECRET_KEY="key", RADIOGRAPHERS_SEE="everything")
    assert result.returncode != 0
