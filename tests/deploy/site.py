"""The whole site behind nginx, with the password and the radiographs of the tests."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests

from scripts.stack import Stack
from tests.password import PASSWORD


class Site(Stack):
    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, PASSWORD, **settings)

    def keep_people(self) -> None:
        """Set the database aside, before anyone uploads anything, for `start_as`."""
        with closing(sqlite3.connect(self.folder / "covidxray.sqlite3")) as database:
            database.execute("VACUUM INTO ?", [str(self.folder / "people.sqlite3")])

    def start_as(self, other: "Site") -> None:
        """Start in an empty folder with the static files and people of another site, which took three times as long."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(other.folder / "staticfiles", self.folder / "staticfiles")
        shutil.copy(other.folder / "people.sqlite3", self.folder / "covidxray.sqlite3")
        self.is_furnished = True
        self.start()

    def upload(
        self, session: requests.Session, content: bytes | None = None, name: str = "chest.png"
    ) -> requests.Response:
        """Post a radiograph as the page's script does; by default one that no one has uploaded yet."""
        from tests.chests import new_chest  # loads pydicom, which only some of these tests need

        return super().upload(session, new_chest() if content is None else content, name)


def nginx_is_needed() -> None:
    """Skip where nginx is missing, except under `make test`."""
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        message = "nginx is not installed"
        pytest.fail(message) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(message)
