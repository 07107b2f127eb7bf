"""One site for all faults: gunicorn with two processes, nginx, MariaDB and a copy of the served model."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import Artifact, check_built, read_artifact, set_current_version
from scripts.stack import PROJECT
from tests.deploy.site import Site, nginx_is_needed
from tests.faults.installation import MariaDB


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server apart from the one that the other tests run on, which must not be stopped."""
    if not os.environ.get("TEST_DATABASE_URL", "").startswith("mysql") or not importlib.util.find_spec("MySQLdb"):
        pytest.skip("faults are tried on MariaDB: make test-mysql")
    server = MariaDB(tmp_path_factory.mktemp("db") / "m")  # short: the path of a socket is at most 107 bytes
    yield server
    server.stop()


@pytest.fixture(scope="session")
def installation(database: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx_is_needed()
    folder = tmp_path_factory.mktemp("faults")
    (folder / "tmp").mkdir()
    site = Site(
        folder,
        DATABASE_URL=database.start(),
        MODELS_DIR=str(copied(served(), folder / "models")),
        TMPDIR=str(folder / "tmp"),
        WORKERS="2",
        CLASSIFICATIONS_AT_ONCE="2",
        CLASSIFICATIONS_WAITING="2",
    )
    site.start()
    try:
        site.make_people()
        yield site
    finally:
        if site.is_running:
            site.stop()


@pytest.fixture
def site(installation: Site) -> Site:
    """No test leaves it other than whole: no one has to start it again by hand."""
    assert installation.is_running
    assert installation.visitor().get(f"{installation.url}/readyz").status_code == 200
    return installation


def served() -> Artifact:
    artifact = read_artifact(PROJECT / "models")
    try:
        check_built(artifact)
    except ModelUnavailable as error:
        pytest.fail(str(error)) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(str(error))
    return artifact


def copied(artifact: Artifact, models: Path) -> Path:
    """Whole files and no links: a test damages them in their place."""
    shutil.copytree(artifact.folder, models / artifact.version)
    set_current_version(models, artifact.version)
    return models
