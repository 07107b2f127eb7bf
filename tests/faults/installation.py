"""The whole site on a MariaDB server of its own, with what a test needs to break it and to see what is left."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import with_mariadb
from tests.deploy.site import Site

ROWS = """
import json
from diagnosis.models import Diagnosis
rows = Diagnosis.objects.values("uuid", "study__uuid", "study__sha256", "probability", "prediction")
print(json.dumps([{name: str(value) for name, value in row.items()} for row in rows]))
"""


class MariaDB:
    """A server that a test may stop and start; its data stay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        with_mariadb.create(folder)
        self._running = ExitStack()

    def start(self) -> str:
        """Returns its address."""
        return self._running.enter_context(with_mariadb.running(self.folder))

    def stop(self) -> None:
        """As an administrator does: every connection is lost."""
        self._running.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no one write into the audit within this block.

        A request that stores a study or report then waits in the middle of the transaction, with the files written.
        """
        import MySQLdb

        connection = MySQLdb.connect(unix_socket=str(self.folder / "socket"), user="root", database="covidxray")
        try:
            connection.query("SELECT * FROM audit_audithead FOR UPDATE")
            connection.store_result()
            yield
        finally:
            with suppress(MySQLdb.Error):  # it may have been stopped
                connection.close()


@dataclass(frozen=True)
class Row:
    """A stored answer."""

    result: str
    study: str
    sha256: str
    probability: float
    prediction: str


def rows_of(site: Site) -> list[Row]:
    """Every stored answer."""
    found = json.loads(site.manage("shell", "--verbosity", "0", "-c", ROWS))
    return [
        Row(row["uuid"], row["study__uuid"], row["study__sha256"], float(row["probability"]), row["prediction"])
        for row in found
    ]


def studies_of(site: Site) -> set[str]:
    """Those that have an answer."""
    return {row.study for row in rows_of(site)}


def folders_of(site: Site) -> set[str]:
    """The studies that have a file; the mark of a full queue, which lies beside them, is none."""
    files = (path for path in (site.folder / "media").rglob("*") if path.is_file())
    return {path.parent.name for path in files if path.name != "queue-full"}


def waiting_files(site: Site) -> list[Path]:
    """What is below the folders where uploads wait until they are read."""
    return [path for name in ("tmp", "nginx/tmp") for path in (site.folder / name).rglob("*") if path.is_file()]


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of that size instead of the folder."""
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "covidxray", str(folder)], check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """Leave this many bytes free, and all others again afterwards."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        state = os.statvfs(folder)
        os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - left)
    try:
        yield
    finally:
        filler.unlink()
