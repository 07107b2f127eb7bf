"""What must be right before a server starts. Each fault is one sentence that names the setting to mend.

`CONFIGURATION` reads settings only and is part of `manage.py check --deploy`; `check_start` also runs `MACHINE`, which
touches database, storage and static files.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import Error, Tags, register
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from attempts.faults import reason

DATABASE_AWAY = "covidxray.E010"
"""The one fault that may pass on its own: the database is still starting."""
_SHORTEST_KEY = 50  # characters, as Django's own check wants them
_SHORTEST_TOKEN = 32
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


@register(Tags.security, deploy=True)
def production_is_not_development(**_: object) -> list[Error]:
    """DEBUG and DEVELOPMENT show settings to strangers and send passwords over plain HTTP."""
    faults = [name for name in ("DEBUG", "DEVELOPMENT") if getattr(settings, name)]
    return [_error(1, f"{name} must be off on a server: remove it from the configuration.") for name in faults]


@register(Tags.security, deploy=True)
def secret_key_is_secret(**_: object) -> list[Error]:
    """Short keys are guessed, and a key of few different characters is a placeholder."""
    key = settings.SECRET_KEY
    if len(key) >= _SHORTEST_KEY and len(set(key)) > 5:
        return []
    return [_error(2, f"SECRET_KEY must be random and have {_SHORTEST_KEY} characters or more.")]


@register(Tags.security, deploy=True)
def hosts_are_named(**_: object) -> list[Error]:
    """Without names no one is answered; with any name, links in messages lead where a stranger wants."""
    if settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        return []
    return [_error(3, "ALLOWED_HOSTS must name the host names of the site, such as xray.example.org, and not *.")]


@register(Tags.security, deploy=True)
def files_through_nginx(**_: object) -> list[Error]:
    """X_ACCEL_PREFIX without a proxy would hand out empty pictures."""
    prefix = settings.X_ACCEL_PREFIX
    if not prefix:
        return []
    if not (prefix.startswith("/") and prefix.endswith("/") and len(prefix) > 2):
        return [_error(4, "X_ACCEL_PREFIX must begin and end with a slash, such as /stored/.")]
    if not settings.BEHIND_PROXY:
        return [_error(4, "X_ACCEL_PREFIX needs BEHIND_PROXY=True: only nginx can send what it names.")]
    if settings.STORAGE_S3_BUCKET:
        return [_error(4, "X_ACCEL_PREFIX must be empty with STORAGE_S3_BUCKET: nginx cannot read the bucket.")]
    return []


@register(Tags.security, deploy=True)
def bucket_is_encrypted_on_the_way(**_: object) -> list[Error]:
    """Radiographs cross the network to it, and from one that jobs read."""
    names = [name for name in ("STORAGE_S3_ENDPOINT", "JOBS_S3_ENDPOINT") if getattr(settings, name)]
    addresses = {name: urlsplit(getattr(settings, name)) for name in names}
    wrong = [name for name, at in addresses.items() if at.scheme != "https" and at.hostname not in _THIS_MACHINE]
    return [_error(8, f"{name} must be an address that begins with https://.") for name in wrong]


@register(Tags.security, deploy=True)
def alerts_are_encrypted(**_: object) -> list[Error]:
    """The webhook's answer is not read, but who listens would learn what the site is busy with."""
    address = urlsplit(settings.ALERT_WEBHOOK)
    if not settings.ALERT_WEBHOOK or (address.scheme == "https" and address.hostname):
        return []
    return [_error(5, "ALERT_WEBHOOK must be an address that begins with https://.")]


@register(Tags.security, deploy=True)
def metrics_token_is_secret(**_: object) -> list[Error]:
    """It is all that keeps strangers from the figures, and nothing counts wrong ones."""
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= _SHORTEST_TOKEN:
        return []
    return [_error(6, f"METRICS_TOKEN must be random and have {_SHORTEST_TOKEN} characters or more.")]


@register(Tags.security, deploy=True)
def identity_provider_is_encrypted(**_: object) -> list[Error]:
    """Half a configuration of single sign-on would show a button that leads nowhere, or believe anybody on the way."""
    if not settings.OIDC_RP_CLIENT_ID:
        return []
    names = {
        "OIDC_ISSUER": settings.OIDC_OP_ISSUER,
        "OIDC_AUTHORIZATION_ENDPOINT": settings.OIDC_OP_AUTHORIZATION_ENDPOINT,
        "OIDC_TOKEN_ENDPOINT": settings.OIDC_OP_TOKEN_ENDPOINT,
        "OIDC_USERINFO_ENDPOINT": settings.OIDC_OP_USER_ENDPOINT,
        "OIDC_JWKS_URI": settings.OIDC_OP_JWKS_ENDPOINT,
    }
    wrong = [name for name, address in names.items() if not address.startswith("https://")]
    return [_error(7, f"{name} must be an address that begins with https://.") for name in wrong]


def database_answers() -> list[Error]:
    """It is there, lets us in, and has every table."""
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return [Error(f"The database of DATABASE_URL cannot be used: {reason(error)}.", id=DATABASE_AWAY)]
    if missing:
        return [_error(11, "The database of DATABASE_URL lacks tables of this version: run `manage.py migrate`.")]
    return []


def storage_is_writable() -> list[Error]:
    """The folder is there already: one that is made by mistake is a disk that was not mounted."""
    if not settings.STORAGE_S3_BUCKET:
        return _writable("MEDIA_ROOT", settings.MEDIA_ROOT)
    try:
        is_private = default_storage.probe()  # type: ignore[attr-defined]
    except OSError as error:
        return [_error(14, f"The bucket of STORAGE_S3_BUCKET cannot be used. {error.strerror}.")]
    if is_private:
        return []
    return [_error(15, f"Anyone can read the bucket {settings.STORAGE_S3_BUCKET}: take public access away from it.")]


def static_files_are_collected() -> list[Error]:
    """As they are now: their names are in the manifest that collectstatic wrote."""
    try:
        staticfiles_storage.url("covidxray/css/site.css")
    except ValueError:
        folder = settings.STATIC_ROOT
        return [_error(13, f"STATIC_ROOT ({folder}) lacks the static files: run `manage.py collectstatic`.")]
    return []


MACHINE: tuple[Callable[[], list[Error]], ...] = (database_answers, storage_is_writable, static_files_are_collected)


def _writable(name: str, folder: Path) -> list[Error]:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return []
    except OSError as error:
        return [_error(12, f"{name} ({folder}) must be a folder that the site can write to: {error.strerror}.")]


def _error(number: int, sentence: str) -> Error:
    return Error(sentence, id=f"covidxray.E{number:03}")
