"""The site's own settings as the tests use them: nothing is taken from the developer's `.env` or environment."""

import os

for name in (
    "SECRET_KEY_FILE",
    "MEDIA_ROOT",
    "X_ACCEL_PREFIX",
    "MODELS_DIR",
    "STATIC_ROOT",
    "INFERENCE_ENGINE",
    "CLASSIFICATIONS_AT_ONCE",
    "CLASSIFICATIONS_WAITING",
    "BEHIND_PROXY",
    "TIME_ZONE",
    "SITE_URL",
    "REPORT_INSTITUTION",
    "REPORT_LOGO",
    "EMAIL_URL",
    "PROXY_COUNT",
    "RADIOGRAPHERS_SEE",
    "REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS",
    "SESSION_HOURS",
    "SESSION_IDLE_MINUTES",
    "RETENTION_DAYS",
    "ALERT_EMAILS",
    "ALERT_WEBHOOK",
    "ALERT_WEBHOOK_SECRET",
    "ALERT_UNREVIEWED_HOURS",
    "ALERT_BACKUP_DAYS",
    "ALERT_QUEUE_FULL",
    "ALERT_DEAD_LETTERS",
    "ALERT_DRIFT",
    "METRICS_TOKEN",
    "PROMETHEUS_MULTIPROC_DIR",
    *(name for name in os.environ if name.startswith(("PACS", "OIDC", "LDAP", "AUDIT_", "JOBS", "CELERY", "STORAGE_"))),
):
    os.environ.pop(name, None)
os.environ |= {
    "COVIDXRAY_ENV_FILE": "",
    "SECRET_KEY": "only-the-tests-use-this-key-and-it-protects-nothing",
    "DEBUG": "False",
    "DEVELOPMENT": "True",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", "sqlite://:memory:"),
    # Playwright's synchronous interface keeps an event loop in the thread that also uses the database.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "True",
}

from covidxray.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
