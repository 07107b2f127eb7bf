"""What is logged and where to: one JSON record a line, on standard error."""

from typing import Any


def logging_settings(level: str) -> dict[str, Any]:
    """For the setting LOGGING. level: of everything that is not named here, such as INFO."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "operations.logs.JsonFormatter"}},
        "handlers": {
            "json": {"class": "logging.StreamHandler", "formatter": "json"},
            "counted": {"class": "operations.failures.FailureCounter"},  # for the administrators' page of the site
        },
        "root": {"handlers": ["json"], "level": level},
        "loggers": {
            "axes": {"level": "WARNING"},  # otherwise four records for each sign-in
            "fontTools": {"level": "WARNING"},  # otherwise a dozen records for each report
            # They would log whom an archive was asked for, and identifiers of radiographs.
            **{name: {"level": "WARNING"} for name in ("pynetdicom", "dicomweb_client", "highdicom")},
            **{name: {"level": "ERROR"} for name in ("mozilla_django_oidc", "django_auth_ldap")},  # they name people
            # They would name files of the bucket, and whose key opens it.
            **{name: {"level": "WARNING"} for name in ("boto3", "botocore", "urllib3")},
            "accounts.mail": {"handlers": ["counted"], "level": "WARNING"},
            "diagnosis.inference.concurrency": {"handlers": ["counted"], "level": "WARNING"},
            "django": {"handlers": ["json"], "level": "INFO", "propagate": False},
            "django.request": {"handlers": ["counted"]},
            "django.server": {"handlers": ["json"], "level": "INFO", "propagate": False},
        },
    }
