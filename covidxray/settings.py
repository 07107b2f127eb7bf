"""Every setting of the site, read from the environment (or from a ``.env`` file next to ``manage.py``).

It fails closed: without a SECRET_KEY nothing starts, no host is allowed, DEBUG is off, cookies need HTTPS.
``DEVELOPMENT=True``, which ``make run`` writes into ``.env``, is for plain HTTP on one's own machine and nothing else.
A secret may also be in a file that ``SECRET_KEY_FILE`` names.
"""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels
from django.utils.translation import gettext_lazy as _

from covidxray.environment import Environment
from covidxray.log_settings import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()
env.read_settings(BASE_DIR / ".env")
from covidxray.identity_settings import *  # noqa: E402, F403 - after the file was read
from covidxray.identity_settings import OUTSIDE_BACKENDS, SIGN_OUT_ORIGINS  # noqa: E402
from covidxray.storage_settings import *  # noqa: E402, F403
from covidxray.storage_settings import stored_files  # noqa: E402

SECRET_KEY: str = env.str("SECRET_KEY")
DEBUG: bool = env.bool("DEBUG", default=False)
DEVELOPMENT: bool = env.bool("DEVELOPMENT", default=False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "administration.apps.AdministrationConfig",
    "operations",  # before django.contrib.auth: two of its commands are recorded
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "bootstrap",
    "csp",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "accounts",
    "diagnosis",
    "pacs",
    "jobs",
    "reader_studies",
    "training",
    "backup",
]

MIDDLEWARE = [
    "audit.requests.RequestIdMiddleware",
    "operations.metrics.requests.RequestMetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "covidxray.middleware.NoStoreMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "covidxray.middleware.RequestSizeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.sessions.SessionTimeoutMiddleware",
    # Everything needs a signed-in person unless its view says otherwise. It comes before the CSRF check, which
    # reads the request's body: a stranger's upload is turned away unread.
    "accounts.sessions.SignInRequiredMiddleware",
    "accounts.sessions.SecondFactorMiddleware",
    "accounts.preferences.PreferencesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "covidxray.urls"
WSGI_APPLICATION = "covidxray.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pacs.context.pacs_pages",
            ],
        },
    },
]

# --- Data -------------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'covidxray.sqlite3'}")}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock at the start of a transaction: a transaction that reads and then writes would
    # otherwise fail at once, whatever the time-out, when another one has written in between.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # What is deleted is overwritten: an erased patient must not be read from the free pages of the file.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA secure_delete=ON;",
    }
else:
    DATABASES["default"] |= {
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            **DATABASES["default"].get("OPTIONS", {}),
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            # A value that does not fit is refused, never cut.
            "init_command": "SET sql_mode='TRADITIONAL', default_storage_engine=InnoDB",
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))  # never served: see diagnosis.views
# The address inside nginx, such as /stored/, at which it hands out MEDIA_ROOT when an answer asks it to
# (X-Accel-Redirect; deploy/nginx). Without it Django sends the files itself.
X_ACCEL_PREFIX: str = env.str("X_ACCEL_PREFIX", default="")
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "diagnosis.uploads.receiving.NamelessFileUploadHandler",
]
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
UPLOAD_MAX_REQUEST_BYTES = 200 * 1024 * 1024
ANONYMOUS_MAX_REQUEST_BYTES = 1024 * 1024

# After how many days `manage.py purge_expired` erases a study (0: never).
RETENTION_DAYS = env.number("RETENTION_DAYS", default=0)

MODELS_DIR = Path(env.str("MODELS_DIR", default=str(BASE_DIR / "models")))
INFERENCE_ENGINE: str = env.str("INFERENCE_ENGINE", default="openvino")
# Uploads that one process decodes and classifies at once (default: its processors), and those that wait for their turn.
# Any more are asked to come again. Both together below the server's threads leaves threads for the pages.
CLASSIFICATIONS_AT_ONCE = env.number("CLASSIFICATIONS_AT_ONCE", default=len(os.sched_getaffinity(0)), at_least=1)
CLASSIFICATIONS_WAITING = env.number("CLASSIFICATIONS_WAITING", default=16)

# Reports: the address that their codes name (else that of the request), a name instead of the institution's, and
# the path of a logo (PNG or JPEG).
SITE_URL: str = env.str("SITE_URL", default="")
REPORT_INSTITUTION: str = env.str("REPORT_INSTITUTION", default="")
REPORT_LOGO: str = env.str("REPORT_LOGO", default="")

STATIC_URL = "static/"
# In development static files come straight from the source; elsewhere `manage.py collectstatic` gathers them here.
STATIC_ROOT = None if DEVELOPMENT else Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
NODE_MODULES = BASE_DIR / "node_modules"
# Of what npm installs, only this folder has addresses.
STATICFILES_DIRS = [BASE_DIR / "static", ("@panzoom/panzoom/dist", NODE_MODULES / "@panzoom/panzoom/dist")]
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_ALLOW_ALL_ORIGINS = False
_STATIC_BACKEND = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEVELOPMENT
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES = {
    "default": stored_files(),  # the folder MEDIA_ROOT, or a bucket (STORAGE_S3_BUCKET)
    # Static files are no secret: another user, nginx, reads them.
    "staticfiles": {
        "BACKEND": _STATIC_BACKEND,
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
}

# --- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = ["accounts.hashing.BoundedArgon2Hasher"]
AUTHENTICATION_BACKENDS = [
    "accounts.backends.LockoutBackend",
    "accounts.backends.PasswordBackend",
    *OUTSIDE_BACKENDS,  # accounts of the hospital
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "diagnosis:home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
SESSION_COOKIE_AGE = env.number("SESSION_HOURS", default=12, at_least=1) * 3600
SESSION_IDLE_MINUTES = env.number("SESSION_IDLE_MINUTES", default=30, at_least=1)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Links that are sent by e-mail: invitations and forgotten passwords.
PASSWORD_RESET_TIMEOUT = env.number("LINK_HOURS", default=72, at_least=1) * 3600

# What a radiographer sees: all radiographs of the "institution", or only the "own" ones.
RADIOGRAPHERS_SEE: str = env.str("RADIOGRAPHERS_SEE", default="institution", choices=["institution", "own"])

# The second factor: an authenticator app (django-otp). Without one an administrator reaches nothing but its set-up.
REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS = env.bool("REQUIRE_SECOND_FACTOR_FOR_ADMINISTRATORS", default=not DEVELOPMENT)
OTP_TOTP_ISSUER: str = env.str("SITE_NAME", default="covidxray")
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# Lock-out after wrong passwords (django-axes; accounts.lockout says what counts), for a user name and for an address.
AXES_FAILURE_LIMIT = env.number("LOCKOUT_FAILURES", default=5, at_least=1)
LOCKOUT_ADDRESS_FAILURES = env.number("LOCKOUT_ADDRESS_FAILURES", default=50, at_least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.number("LOCKOUT_MINUTES", default=15, at_least=1))
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_HANDLER = "accounts.lockout.LockoutHandler"
AXES_USERNAME_CALLABLE = "accounts.lockout.counted_name"
AXES_LOCKOUT_CALLABLE = "covidxray.error_pages.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # it ends when the page says so, whatever is tried until then
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # its table is never emptied; the audit records sign-ins
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- API (docs/api.md) ------------------------------------------------------------------------------------------------

API_TOKEN_HOURS = env.number("API_TOKEN_HOURS", default=12, at_least=1)
# How often, in one minute. The counts are in the database (accounts.api_use): no cache needs to be set up.
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", default=300, at_least=1)  # of a person
API_UPLOADS_PER_MINUTE = env.number("API_UPLOADS_PER_MINUTE", default=60, at_least=1)  # of a person
API_SIGN_INS_PER_MINUTE = env.number("API_SIGN_INS_PER_MINUTE", default=20, at_least=1)  # from an address
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.TokenAuthentication"],  # no cookies
    "DEFAULT_PERMISSION_CLASSES": ["api.policy.IsRadiographer"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.RequestsOfPerson"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.BoundedJsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.policy.OneTypeOnly",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.errors.answer_to",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "covidxray",
    "DESCRIPTION": "Chest radiographs in, their COVID classification out. Decision support for research.",
    "VERSION": "1",
    "SORT_OPERATIONS": False,  # in the order of api.urls
    "SORT_OPERATION_PARAMETERS": False,
    "OAS_VERSION": "3.1.0",  # says what may be null in a way that validators understand
    "SCHEMA_PATH_PREFIX": "/api/",
    "SWAGGER_UI_DIST": "SIDECAR",  # installed with the site, and loaded from nowhere else
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- PACS (docs/pacs.md) ----------------------------------------------------------------------------------------------

# Whether pages lead to the PACS. Which archives and modalities there are is entered in the administration.
PACS = env.bool("PACS", default=False)
PACS_AE_TITLE: str = env.str("PACS_AE_TITLE", default="COVIDXRAY")
# Where `manage.py receive_dicom` listens. 0.0.0.0: on every address of this machine.
PACS_HOST: str = env.str("PACS_HOST", default="127.0.0.1")
PACS_PORT = env.number("PACS_PORT", default=11112, at_least=1)
PACS_ASSOCIATIONS = env.number("PACS_ASSOCIATIONS", default=10, at_least=1)
# Received files until they are classified. Their senders are told of success when a file is on this disk.
PACS_INBOX = Path(env.str("PACS_INBOX", default=str(BASE_DIR / "pacs-inbox")))
# Paths: with a certificate, its key and the authority of the peers' certificates nothing else is let in (mutual TLS).
PACS_TLS_CERTIFICATE: str = env.str("PACS_TLS_CERTIFICATE", default="")
PACS_TLS_KEY: str = env.str("PACS_TLS_KEY", default="")
PACS_TLS_CA: str = env.str("PACS_TLS_CA", default="")
# Path: the authority of the certificates of archives with https, where it is the hospital's own.
PACS_CA_FILE: str = env.str("PACS_CA_FILE", default="")
# How often an archive is asked for what is new, and how many days back.
PACS_WATCH_SECONDS = env.number("PACS_WATCH_SECONDS", default=10, at_least=1)
PACS_WATCH_DAYS = env.number("PACS_WATCH_DAYS", default=2)
# After so many attempts a radiograph or a result is given up; the last pauses are six hours each.
PACS_ATTEMPTS = env.number("PACS_ATTEMPTS", default=20, at_least=1)
# PACS_CREDENTIALS_NAME=user:password, or PACS_CREDENTIALS_NAME_FILE=path; an archive's page chooses a NAME.
PACS_CREDENTIALS: dict[str, str] = env.named_secrets("PACS_CREDENTIALS_")

# --- Jobs (docs/jobs.md) ----------------------------------------------------------------------------------------------

# ZIP archives of jobs until they are done. With workers on several machines: on a disk that all of them see.
JOBS_INBOX = Path(env.str("JOBS_INBOX", default=str(BASE_DIR / "jobs-inbox")))
# Radiographers may have folders classified that are below this one, in the folder of their institution. Empty: none.
JOBS_FOLDER: str = env.str("JOBS_FOLDER", default="")
JOBS_MOST_ITEMS = env.number("JOBS_MOST_ITEMS", default=200_000, at_least=1)
# After so many attempts a radiograph is given up.
JOBS_ATTEMPTS = env.number("JOBS_ATTEMPTS", default=5, at_least=1)
# A job that is done is deleted after so many days; its results stay.
JOBS_KEPT_DAYS = env.number("JOBS_KEPT_DAYS", default=30, at_least=1)
# What a job reads archives with: neither app knows the other.
JOBS_ARCHIVES = "pacs.bulk"
# S3-compatible storage that jobs read, such as https://s3.example.org, and its keys. JOBS_S3_ROOT, bucket/prefix:
# below it radiographers may have the folder of their institution classified. Empty: only `classify_archive` reads it.
JOBS_S3_ENDPOINT: str = env.str("JOBS_S3_ENDPOINT", default="")
JOBS_S3_KEY: str = env.str("JOBS_S3_KEY", default="")
JOBS_S3_SECRET: str = env.str("JOBS_S3_SECRET", default="")
JOBS_S3_ROOT: str = env.str("JOBS_S3_ROOT", default="").strip("/")
# Such as redis://host:6379/0: then Celery's workers classify, on as many machines as there are. Empty: `run_jobs` does.
CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", default="")

# --- E-mail -----------------------------------------------------------------------------------------------------------

# smtp://user:password@host:25, smtp+tls:// (STARTTLS), smtp+ssl://, consolemail://, or filemail:///folder (relative).

_mail = env.email_url("EMAIL_URL", default="consolemail://" if DEVELOPMENT else "smtp://localhost:25")
vars().update({name: value for name, value in _mail.items() if name.startswith("EMAIL_")})
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL: str = env.str("EMAIL_FROM", default="covidxray@localhost")

# Alerts (manage.py send_alerts), all off by default: nobody is named to whom they go, and no number that sets one off.
ALERT_EMAILS: list[str] = env.list("ALERT_EMAILS", default=[])
ALERT_WEBHOOK: str = env.str("ALERT_WEBHOOK", default="")
ALERT_WEBHOOK_SECRET: str = env.str("ALERT_WEBHOOK_SECRET", default="")
ALERT_UNREVIEWED_HOURS = env.number("ALERT_UNREVIEWED_HOURS", default=0)
ALERT_BACKUP_DAYS = env.number("ALERT_BACKUP_DAYS", default=0)
ALERT_QUEUE_FULL = env.bool("ALERT_QUEUE_FULL", default=False)
ALERT_DEAD_LETTERS = env.bool("ALERT_DEAD_LETTERS", default=False)
ALERT_DRIFT = env.bool("ALERT_DRIFT", default=False)

# What Prometheus has to bring to /metrics; without it there is no such address.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")

# The hospital's collector of audit entries (manage.py send_audit): host:port of syslog over TLS, and paths.
AUDIT_COLLECTOR: str = env.str("AUDIT_COLLECTOR", default="")
AUDIT_COLLECTOR_CA: str = env.str("AUDIT_COLLECTOR_CA", default="")
AUDIT_COLLECTOR_CERTIFICATE: str = env.str("AUDIT_COLLECTOR_CERTIFICATE", default="")
AUDIT_COLLECTOR_KEY: str = env.str("AUDIT_COLLECTOR_KEY", default="")
AUDIT_SOURCE: str = env.str("AUDIT_SOURCE", default="covidxray")

# --- Security ---------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap draws its ticks and arrows from data: addresses
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *SIGN_OUT_ORIGINS],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = not DEVELOPMENT
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by machines next to this one, over plain HTTP
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else env.number("HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEVELOPMENT
# Preloading binds a whole domain: only its owner can decide that.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:  # only where a proxy of your own sets these headers on every request
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # The address that the outermost of your proxies saw, counted from the right. What is further left in the header
    # came from the client, who may write anything: it is ignored.
    AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR"]
    AXES_IPWARE_PROXY_COUNT = env.number("PROXY_COUNT", default=1, at_least=1) - 1
    IPWARE_STRICT = False
SESSION_COOKIE_SECURE = not DEVELOPMENT
CSRF_COOKIE_SECURE = not DEVELOPMENT
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = not DEVELOPMENT
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600

# --- Language and time ------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "administration.formats"
LANGUAGES = [("en", _("English")), ("ms", _("Malay")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE: str = env.str("TIME_ZONE", default="UTC")

MESSAGE_TAGS = {message_levels.ERROR: "danger"}  # Bootstrap's word

# --- Logs: one JSON record per line -----------------------------------------------------------------------------------

LOGGING = logging_settings(env.str("LOG_LEVEL", default="INFO"))
