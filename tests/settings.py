"""The site's own settings as the tests use them: nothing is taken from the developer's `.env` or environment."""

import os
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.gettempdir()) / f"covidxray-tests-{os.getpid()}.sqlite3"

for name in (
    "SECRET_KEY_FILE",
    "MEDIA_ROOT",
    "MODELS_DIR",
    "STATIC_ROOT",
    "INFERENCE_ENGINE",
    "BEHIND_PROXY",
    "TIME_ZONE",
):
    os.environ.pop(name, None)
os.environ |= {
    "COVIDXRAY_ENV_FILE": "",
    "SECRET_KEY": "only-the-tests-use-this-key-and-it-protects-nothing",
    "DEBUG": "False",
    "DEVELOPMENT": "True",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", f"sqlite:///{SCRATCH}"),
    # Playwright's synchronous interface keeps an event loop in the thread that also uses the database.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "True",
}

from covidxray.settings import *  # noqa: E402, F403
from covidxray.settings import DATABASES  # noqa: E402

# A database file, not memory: threads of the live server then wait for each other as they do in production.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": SCRATCH}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
