"""Writes `.env` for a development machine, once: a random secret key and settings that only suit this machine.

An existing file is never touched.
"""

import os
import secrets
import sys
from pathlib import Path

TEMPLATE = """\
# Made by `make run`, for plain HTTP on this machine only. Every setting: covidxray/settings.py.
SECRET_KEY={secret_key}
DEVELOPMENT=True
ALLOWED_HOSTS=127.0.0.1,localhost
"""


def write_env(path: Path) -> None:
    """Create `path`, readable by its owner only.

    Raises:
        FileExistsError: the file is already there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(secret_key=secrets.token_urlsafe(50)))


if __name__ == "__main__":
    write_env(Path(sys.argv[1]))
